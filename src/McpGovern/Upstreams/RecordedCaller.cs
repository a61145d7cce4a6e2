using System.Text;
using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>
/// The caller of a gated call that has gone, as the call's record knows it: an upstream's questions can be the call's answer, which it is
/// told when it comes back. In the middle of the call nobody is there to be asked.
/// </summary>
internal sealed class RecordedCaller : ICallerSide
{
    private RecordedCaller(string capabilities) => Capabilities = capabilities;

    public string Capabilities { get; }

    public string? LogLevel => null;

    /// <param name="declared">JSON object of what the caller declared, or <c>null</c>; extensions are between it and us.</param>
    public static RecordedCaller? Of(string? declared)
    {
        var members = declared is null ? null : RawObject.Read(Encoding.UTF8.GetBytes(declared))?.FindAll(member => member.Name != "extensions");
        return members is { Count: > 0 } ? new(Encoding.UTF8.GetString(RawObject.Write(members).Span)) : null;
    }

    public ValueTask LogAsync(string paramsJson) => default;

    public Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct) =>
        Task.FromResult<CallerReply>(new CallerReply.None("nobody waits for the call"));
}
