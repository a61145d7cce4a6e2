using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>What was agreed with an upstream at connect, as far as later requests depend on it.</summary>
/// <param name="Stdio">Over a child's pipes: there the connection's end is every request's end, and a cancelled write is never half done.</param>
internal sealed record Session(string? ProtocolVersion, bool Stdio)
{
    // Where a request carries its tool for the SDK's HTTP transport, which turns `x-mcp-header` arguments into headers.
    private const string ToolItem = "Mcp.Tool";

    private const string FirstModern = "2026-07-28";

    public static readonly Implementation ClientInfo = new()
    {
        Name = "mcpgovern",
        Version = typeof(Session).Assembly.GetName().Version?.ToString(3) ?? "0",
    };

    /// <summary>Without a handshake: every request says which revision it speaks.</summary>
    public bool Modern => string.CompareOrdinal(ProtocolVersion, FirstModern) >= 0;

    /// <summary>In the modern era over HTTP, dropping the request is the cancellation.</summary>
    public bool DropCancels => Modern && !Stdio;

    public JsonRpcRequest Request(string id, string method, JsonObject parameters, ToolDefinition? tool)
    {
        if (Modern)
        {
            if (parameters["_meta"] is not JsonObject meta)
                parameters["_meta"] = meta = [];
            meta[MetaKeys.ProtocolVersion] = ProtocolVersion;
            meta[MetaKeys.ClientInfo] = new JsonObject { ["name"] = ClientInfo.Name, ["version"] = ClientInfo.Version };
            // None, so that no upstream answers with a question that nobody here may answer.
            meta[MetaKeys.ClientCapabilities] = new JsonObject();
        }

        var request = new JsonRpcRequest { Id = new RequestId(id), Method = method, Params = parameters };
        if (Modern && !Stdio && tool is not null && ToolWithHeaders(tool) is { } known)
            request.Context = new JsonRpcMessageContext { Items = new Dictionary<string, object?> { [ToolItem] = known } };
        return request;
    }

    private static Tool? ToolWithHeaders(ToolDefinition tool)
    {
        if (!tool.Json.Contains("x-mcp-header", StringComparison.Ordinal))
            return null;
        try
        {
            return JsonSerializer.Deserialize<Tool>(tool.Json, ModelContextProtocol.McpJsonUtilities.DefaultOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
