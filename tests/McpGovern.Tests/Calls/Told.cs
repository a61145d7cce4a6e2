using System.Text;
using System.Text.Json;
using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

/// <summary>What an agent was told.</summary>
internal sealed record Told(CallAnswer Answer)
{
    /// <summary>The result as text; fails where it is a JSON-RPC error.</summary>
    public string Raw => Encoding.UTF8.GetString(Assert.IsType<CallAnswer.Result>(Answer).Json.Span);

    public JsonElement Json => JsonElement.Parse(Raw);

    public bool IsError => Json.TryGetProperty("isError", out var error) && error.GetBoolean();

    /// <summary>The first text block.</summary>
    public string Text => Json.GetProperty("content")[0].GetProperty("text").GetString()!;

    public JsonElement Meta => Json.GetProperty("_meta").GetProperty("mcpgovern/call");

    public string CallId => Meta.GetProperty("call_id").GetString()!;

    public string Status => Meta.GetProperty("status").GetString()!;
}
