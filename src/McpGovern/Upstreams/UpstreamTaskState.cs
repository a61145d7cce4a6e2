using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>How a task stands, as its upstream answered <c>tasks/get</c>.</summary>
/// <param name="Questions">Of one that waits for input: the object of its <c>inputRequests</c> as written; empty otherwise.</param>
/// <param name="Outcome">What ended it, or <c>null</c> while it goes on.</param>
internal sealed record UpstreamTaskState(TimeSpan? PollInterval, string? Message, ReadOnlyMemory<byte> Questions, UpstreamAnswer? Outcome)
{
    /// <summary>Null for what is no state of a task, or none that is known.</summary>
    public static UpstreamTaskState? Read(UpstreamAnswer.Result answer)
    {
        if (RawObject.Read(answer.Json) is not { } members)
            return null;

        ReadOnlyMemory<byte> Of(string name) => members.FindLast(member => member.Name == name).Value;
        var state = new UpstreamTaskState(UpstreamTasks.PollInterval(members), RawObject.AsString(Of("statusMessage")), default, null);
        return RawObject.AsString(Of("status")) switch
        {
            "working" => state,
            "input_required" => RawObject.Read(Of("inputRequests")) is null ? null : state with { Questions = Of("inputRequests") },
            "completed" => state with { Outcome = AnswerReader.ReadResult(Of("result")) },
            "failed" => state with { Outcome = AnswerReader.ReadError(Of("error")) },
            "cancelled" => state with { Outcome = new UpstreamAnswer.Stopped("it was cancelled by its server", Cancelled: true) },
            _ => null,
        };
    }
}
