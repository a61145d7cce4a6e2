using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>Who waits for a gated call, as far as they want to hear of it.</summary>
internal sealed record Listener(ICallProgress? Progress, ICallerSide? Caller);
