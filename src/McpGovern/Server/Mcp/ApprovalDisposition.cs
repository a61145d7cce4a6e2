using System.Text;
using McpGovern.Calls;
using McpGovern.Wire;
using static McpGovern.Calls.CallState;

namespace McpGovern.Server;

/// <summary>
/// What became of a task's call in one word, as the draft extension <c>io.modelcontextprotocol/tool-approval</c> (SEP-2848) has it. Our own
/// answers always carry it. An upstream's result stays as it is, unless the client that asks declares the extension.
/// </summary>
internal static class ApprovalDisposition
{
    public const string Extension = "io.modelcontextprotocol/tool-approval", Member = "io.modelcontextprotocol/tool-approval-disposition";

    private const string NotExecuted = "denied-not-executed";

    // A client may show a model the text alone.
    private static readonly byte[] DidNotRun = """{"type":"text","text":"The tool did not run."}"""u8.ToArray();

    public static CallAnswer? On(CallTask task, CallAnswer? outcome, bool declared)
    {
        var state = task.Current.State;
        // Where nothing was gated there is no approval to tell of.
        if (task.Asked.Known.Gate is null || outcome is not CallAnswer.Result result || Of(state) is not { } word || (!declared && state is Ended or Resolved { Late: not null }))
        {
            return outcome;
        }

        return RawObject.Read(result.Json) is { } members ? new CallAnswer.Result(With(members, word)) : outcome;
    }

    private static string? Of(CallState state) => state switch
    {
        Rejected or Expired or Invalidated => NotExecuted,
        Ended { Succeeded: true } or Resolved { By.Outcome: "succeeded" } or Resolved { By: null, Late.Outcome: "succeeded" } => "approved-executed",
        Ended or Resolved => "execution-error",
        Unknown => "outcome-unknown",
        _ => null,
    };

    private static ReadOnlyMemory<byte> With(List<RawMember> members, string word)
    {
        var meta = members.LastOrDefault(m => m.Name == "_meta").Value;
        var theirs = meta.IsEmpty ? [] : RawObject.Read(meta) ?? [];
        var merged = RawObject.Write([.. theirs.Where(m => m.Name != Member), Of(Member, $"\"{word}\"")]);
        return RawObject.Write([.. members.Where(m => m.Name != "_meta").Select(m => Worded(m, word)), Of("_meta", merged)]);
    }

    private static RawMember Worded(RawMember member, string word) =>
        word == NotExecuted && member.Name == "content" ? member with { Value = AndDidNotRun(member.Value) } : member;

    private static ReadOnlyMemory<byte> AndDidNotRun(ReadOnlyMemory<byte> content)
    {
        var blocks = RawObject.ReadArray(content) ?? [];
        var texts = blocks.Append(DidNotRun).Select(block => Encoding.UTF8.GetString(block.Span));
        return Encoding.UTF8.GetBytes($"[{string.Join(',', texts)}]");
    }

    private static RawMember Of(string name, string json) => Of(name, Encoding.UTF8.GetBytes(json));

    private static RawMember Of(string name, ReadOnlyMemory<byte> json) => new(name, Encoding.UTF8.GetBytes($"\"{name}\""), json);
}
