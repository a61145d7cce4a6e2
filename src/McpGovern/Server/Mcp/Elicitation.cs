using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Wire;

namespace McpGovern.Server;

/// <summary>The two ways in which a caller's own client can be asked about a parked call.</summary>
internal enum AskMode
{
    /// <summary>Shows the address of the approval page; whoever logs in there decides.</summary>
    Url,

    /// <summary>The caller decides in the client.</summary>
    Form,
}

/// <summary>What came back to a question. Anything but an accept means nothing.</summary>
/// <param name="Approve">The form's answer; <c>null</c> where there is none, as in forms that were sent empty.</param>
internal sealed record AskAnswer(bool Accepted, bool? Approve, string? Comment)
{
    public static readonly AskAnswer None = new(false, null, null);
}

/// <summary>Questions and answers in the words of <c>elicitation/create</c>.</summary>
internal static class Elicitation
{
    public const string Method = "elicitation/create", FirstRevision = "2025-06-18", UrlRevision = "2025-11-25";

    /// <param name="withId">For revisions that name a question beside its address.</param>
    public static JsonObject UrlParams(LoadedCall call, string url, bool withId)
    {
        var parameters = new JsonObject
        {
            ["mode"] = "url",
            ["message"] = $"{Name(call)} needs an approval before it runs ({call.Id}). The page shows the whole call; "
                + "you have to log in there to decide. Opening it approves nothing.",
            ["url"] = url,
        };
        if (withId)
        {
            parameters["elicitationId"] = call.Id;
        }

        return parameters;
    }

    /// <param name="withMode">For revisions that know of more than forms.</param>
    public static JsonObject FormParams(LoadedCall call, bool withMode)
    {
        var always = call.Known.Gate!.CommentRequired == "always";
        var parameters = new JsonObject
        {
            ["message"] = $"{Name(call)} needs your approval before it runs ({call.Id}). It runs once, with exactly these arguments:\n"
                + VisibleJson.Of(call.Known.Call.Arguments)
                + Along("with this _meta beside them", SentMeta.Of(call.Known.Call.Meta))
                + Along("with these answers to its server's questions", call.Known.Call.InputResponses)
                + (call.Known.Call.Justification is { } claim ? $"\n\n{UnverifiedText.Block(claim)}" : ""),
            ["requestedSchema"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["approve"] = Property("boolean", $"Run {Name(call)}", "true runs the call, false rejects it"),
                    ["comment"] = Property("string", "Comment", "why, for the record"),
                },
                ["required"] = always ? new JsonArray("approve", "comment") : new JsonArray("approve"),
            },
        };
        if (withMode)
        {
            parameters["mode"] = "form";
        }

        return parameters;
    }

    /// <summary>The client wrote it: what does not have the form of an answer is none.</summary>
    public static AskAnswer Read(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Object || !result.TryGetProperty("action", out var action) || !action.ValueEquals("accept"u8))
        {
            return AskAnswer.None;
        }

        var content = result.TryGetProperty("content", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        return new(Accepted: true, Flag(content, "approve"), Text(content, "comment"));
    }

    private static JsonObject Property(string type, string title, string description) =>
        new() { ["type"] = type, ["title"] = title, ["description"] = description };

    private static bool? Flag(JsonElement content, string name) =>
        content.ValueKind == JsonValueKind.Object && content.TryGetProperty(name, out var value)
            ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null } : null;

    private static string? Text(JsonElement content, string name)
    {
        try
        {
            return content.ValueKind == JsonValueKind.Object && content.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                && value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }

    private static string Along(string what, string? json) => json is null ? "" : $"\n{what}:\n{VisibleJson.Of(json)}";

    private static string Name(LoadedCall call) => call.Known.Call.NodeId;
}
