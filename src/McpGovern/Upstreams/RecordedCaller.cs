using System.Text;
using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>
/// The caller of a gated call that has gone, as the call's record knows it: an upstream's questions can be the call's answer, which it is
/// told when it comes back. In the middle of the call nobody is there to be asked.
/// </summary>
internal sealed class RecordedCaller : ICallerSide
{
    private RecordedCaller(string capabilities, bool takesTasks) => (Capabilities, TakesTasks) = (capabilities, takesTasks);

    public string Capabilities { get; }

    public bool TakesTasks { get; }

    public string? LogLevel => null;

    /// <param name="declared">JSON object of what the caller declared, or <c>null</c>; of its extensions only tasks are the upstream's business.</param>
    public static RecordedCaller? Of(string? declared)
    {
        if (declared is null || RawObject.Read(Encoding.UTF8.GetBytes(declared)) is not { Count: > 0 } all)
        {
            return null;
        }

        var extensions = RawObject.Read(all.FindLast(member => member.Name == "extensions").Value) ?? [];
        return new(
            Encoding.UTF8.GetString(RawObject.Write(all.Where(member => member.Name != "extensions")).Span),
            extensions.Exists(member => member.Name == UpstreamTasks.Extension));
    }

    public ValueTask LogAsync(string paramsJson) => default;

    public Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct) =>
        Task.FromResult<CallerReply>(new CallerReply.None("nobody waits for the call"));
}
