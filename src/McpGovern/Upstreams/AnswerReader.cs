using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>Reads an answer only as far as needed, and takes from a result what belongs to one protocol era alone.</summary>
internal static class AnswerReader
{
    private const string ServerInfo = "io.modelcontextprotocol/serverInfo";

    private const int InternalError = -32603;

    /// <param name="tasks">The request allowed a task for its answer.</param>
    public static UpstreamAnswer Read(Envelope answer, bool modern, bool tasks = false)
    {
        if (!answer.Error.IsEmpty)
            return ReadError(answer.Error);
        if (RawObject.Read(answer.Result) is not { } members)
            return new UpstreamAnswer.Lost("the answer is no MCP result");

        var kind = Text(members, "resultType");
        if (modern && kind == "input_required" && Asks(members))
            return new UpstreamAnswer.InputRequired(Neutral(answer.Result, members));

        if (tasks && kind == "task" && UpstreamTasks.ReadHandle(members) is { } task)
            return task;

        // Nothing that we declare allows these; an upstream that answers so all the same has not run the call.
        if (kind is "input_required" or "task" || (modern && kind is not (null or "complete")))
            return new UpstreamAnswer.Error(InternalError, $"the upstream answered '{kind}', which is not relayed", null);

        return Result(answer.Result, members);
    }

    /// <summary>How a task ended, by what is inside its state.</summary>
    public static UpstreamAnswer ReadResult(ReadOnlyMemory<byte> result) =>
        RawObject.Read(result) is { } members ? Result(result, members) : new UpstreamAnswer.Lost("the task's result is no MCP result");

    private static UpstreamAnswer.Result Result(ReadOnlyMemory<byte> result, List<RawMember> members)
    {
        var isError = members.FindLast(member => member.Name == "isError").Value.Span.SequenceEqual("true"u8);
        return new UpstreamAnswer.Result(Neutral(result, members), isError);
    }

    /// <summary>Whether there is anything in it to go on with.</summary>
    private static bool Asks(List<RawMember> members)
    {
        var (requests, state) = (members.FindLast(member => member.Name == "inputRequests").Value, members.FindLast(member => member.Name == "requestState").Value);
        return (requests.IsEmpty || requests.Span[0] == '{') && (state.IsEmpty || state.Span[0] == '"') && !(requests.IsEmpty && state.IsEmpty);
    }

    public static UpstreamAnswer.Error ReadError(ReadOnlyMemory<byte> error)
    {
        var members = RawObject.Read(error) ?? [];
        var code = members.FindLast(member => member.Name == "code").Value;
        var data = members.FindLast(member => member.Name == "data").Value;
        return new UpstreamAnswer.Error(
            System.Buffers.Text.Utf8Parser.TryParse(code.Span, out int number, out var read) && read == code.Length ? number : InternalError,
            Text(members, "message") ?? "the upstream gave no reason",
            data.IsEmpty ? null : new RawJson(data).ToString());
    }

    /// <summary>The bytes as they came, unless something of an era is in them.</summary>
    private static ReadOnlyMemory<byte> Neutral(ReadOnlyMemory<byte> result, List<RawMember> members)
    {
        var kept = new List<RawMember>(members.Count);
        var touched = false;
        foreach (var member in members)
        {
            if (member.Name is "resultType" or "ttlMs" or "cacheScope")
            {
                touched = true;
            }
            else if (member.Name == "_meta" && RawObject.Read(member.Value) is { } meta && meta.RemoveAll(entry => entry.Name == ServerInfo) > 0)
            {
                touched = true;
                if (meta.Count > 0)
                    kept.Add(member with { Value = RawObject.Write(meta) });
            }
            else
            {
                kept.Add(member);
            }
        }

        return touched ? RawObject.Write(kept) : result;
    }

    private static string? Text(List<RawMember> members, string name) =>
        RawObject.AsString(members.FindLast(member => member.Name == name).Value);
}
