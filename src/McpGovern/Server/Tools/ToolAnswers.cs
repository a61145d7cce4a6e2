using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Wire;

namespace McpGovern.Server;

/// <summary>The results of our own tools: the same JSON as text and as structured content.</summary>
internal static class ToolAnswers
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="json">JSON text; what a reader could not see in it is escaped.</param>
    /// <param name="notice">What a model should know before it reads on.</param>
    public static CallAnswer Data(string json, string? notice = null) => Result([notice, VisibleJson.Of(json)], VisibleJson.Of(json), isError: false);

    public static CallAnswer Of(DecisionAnswer answer, string? spelling = null)
    {
        var json = Members(answer, spelling);
        return answer.Accepted
            ? Data(json.ToJsonString(Readable))
            : Refused(answer.Answer, answer.Message, json);
    }

    public static CallAnswer Refused(string code, string message, JsonObject? members = null)
    {
        var structured = new JsonObject { ["code"] = code };
        foreach (var (name, value) in members ?? [])
        {
            structured[name] = value?.DeepClone();
        }

        return Result([VisibleJson.Lines($"{code}: {message}")], VisibleJson.Of(structured.ToJsonString(Readable)), isError: true);
    }

    public static CallAnswer BadRequest(string message) => Refused(AnswerCode.BadRequest.Word, message);

    public static CallAnswer NotFound(string target) => Refused(AnswerCode.NotFound.Word, $"there is no call {target} that you may see");

    /// <summary>JamJet's three members come first, and its clients get the id back in the spelling in which they sent it.</summary>
    private static JsonObject Members(DecisionAnswer answer, string? spelling)
    {
        var ours = JsonSerializer.SerializeToNode(answer)!.AsObject();
        var members = new JsonObject
        {
            ["accepted"] = answer.Accepted,
            ["execution_id"] = answer.ExecutionId is not null && IsExecution(spelling) ? spelling : answer.ExecutionId,
            ["node_id"] = answer.NodeId,
        };
        foreach (var (name, value) in ours)
        {
            members.TryAdd(name, value?.DeepClone());
        }

        return members;
    }

    private static bool IsExecution(string? spelling) => spelling is not null && !spelling.StartsWith("call_", StringComparison.Ordinal);

    private static CallAnswer.Result Result(IEnumerable<string?> texts, string structuredJson, bool isError)
    {
        var content = texts.OfType<string>().Select(text => $$"""{"type":"text","text":{{JsonSerializer.Serialize(text, Readable)}}}""");
        var json = $$"""{"content":[{{string.Join(',', content)}}],"structuredContent":{{structuredJson}},"isError":{{(isError ? "true" : "false")}}}""";
        return new(Encoding.UTF8.GetBytes(json));
    }
}
