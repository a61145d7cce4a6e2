using System.Text.Encodings.Web;
using System.Text.Json;
using McpGovern.Wire;

namespace McpGovern.Calls;

/// <summary>
/// Our own answers, in the form that the method has for what did not run: an error result for a tool, a JSON-RPC error for what has no
/// such result.
/// </summary>
internal static class OwnWords
{
    /// <summary>A read or a prompt that has not run, or not yet: outside of what JSON-RPC and MCP keep for themselves.</summary>
    public const int NotRun = -31000;

    /// <summary>The stateless revision says <see cref="InvalidParams"/> instead; the door knows which it serves.</summary>
    public const int ResourceNotFound = -32002;

    public const int InvalidParams = -32602;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="text">May hold words of others, such as a decider's comment: what could not be seen in them is escaped.</param>
    public static CallAnswer Of(string method, string text, CallMeta? meta = null) => method == CallMethod.Tool
        ? new CallAnswer.Result(ResultJson.Error(VisibleJson.Lines(text), meta))
        : new CallAnswer.Error(NotRun, VisibleJson.Lines(text), meta is null ? null : $$"""{"{{ResultJson.MetaKey}}":{{JsonSerializer.Serialize(meta, Relaxed)}}}""");

    /// <summary>The same for what is denied and for what does not exist.</summary>
    /// <param name="why">Only where policy deliberately tells.</param>
    public static CallAnswer Missing(string method, string? why = null) => method switch
    {
        CallMethod.Resource => new CallAnswer.Error(ResourceNotFound, $"resource not found{why}", null),
        CallMethod.Prompt => new CallAnswer.Error(InvalidParams, $"prompt not found{why}", null),
        _ => Of(method, AgentText.NotAvailable + why),
    };
}
