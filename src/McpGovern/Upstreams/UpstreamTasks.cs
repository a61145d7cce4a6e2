using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>The tasks extension as it is spoken with an upstream.</summary>
internal static class UpstreamTasks
{
    public const string Extension = "io.modelcontextprotocol/tasks", Get = "tasks/get", Update = "tasks/update", Cancel = "tasks/cancel";

    /// <summary>JSON-RPC's codes for a task that is not, or is no longer, there.</summary>
    public const int InvalidParams = -32602, MethodNotFound = -32601;

    private const int MaxIdLength = 1024;

    /// <summary>Null where the handle is none that can be asked about, or stored.</summary>
    public static UpstreamAnswer.Task? ReadHandle(List<RawMember> members) =>
        RawObject.AsString(members.FindLast(member => member.Name == "taskId").Value) is { Length: > 0 and <= MaxIdLength } id && !id.Any(char.IsControl)
            ? new(id, PollInterval(members)) : null;

    /// <summary>Between 100 ms and a minute, whatever the upstream wants; 2 s where it says nothing.</summary>
    public static TimeSpan Pause(TimeSpan? pollInterval) =>
        pollInterval is { } wanted ? TimeSpan.FromMilliseconds(Math.Clamp(wanted.TotalMilliseconds, 100, 60_000)) : TimeSpan.FromSeconds(2);

    public static TimeSpan? PollInterval(List<RawMember> members)
    {
        var value = members.FindLast(member => member.Name == "pollIntervalMs").Value;
        return System.Buffers.Text.Utf8Parser.TryParse(value.Span, out uint number, out var read) && read == value.Length
            ? TimeSpan.FromMilliseconds(number) : null;
    }
}
