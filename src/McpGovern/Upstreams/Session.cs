using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
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

    public JsonRpcRequest Request(string id, string method, JsonObject parameters, ICallerSide? caller)
    {
        if (Modern)
        {
            if (parameters["_meta"] is not JsonObject meta)
                parameters["_meta"] = meta = [];
            meta[MetaKeys.ProtocolVersion] = ProtocolVersion;
            meta[MetaKeys.ClientInfo] = new JsonObject { ["name"] = ClientInfo.Name, ["version"] = ClientInfo.Version };
            // What the caller declared, and none where nobody waits: no upstream is to ask what nobody may answer.
            meta[MetaKeys.ClientCapabilities] = CapabilitiesOf(caller);
            if (caller?.LogLevel is { } level)
                meta[MetaKeys.LogLevel] = level;
        }

        return new JsonRpcRequest { Id = new RequestId(id), Method = method, Params = parameters };
    }

    /// <summary>Whether an answer may be a task: the stateless revision alone has them, for a caller that takes them.</summary>
    public bool AllowsTasks(ICallerSide? caller) => Modern && caller?.TakesTasks == true;

    private JsonNode? CapabilitiesOf(ICallerSide? caller)
    {
        var declared = JsonNode.Parse(caller?.Capabilities ?? "{}");
        if (AllowsTasks(caller))
            declared!["extensions"] = new JsonObject { [UpstreamTasks.Extension] = new JsonObject() };
        return declared;
    }

    /// <summary>Shows the SDK's HTTP transport which arguments are to be headers as well. Not what is sent: its text was made before.</summary>
    public static void MarkHeaders(JsonRpcRequest request, ToolDefinition? tool)
    {
        if (request.Params?["taskId"] is { } task)
            request.Context = new JsonRpcMessageContext { RoutingName = (string?)task };
        if (tool is null || !tool.Json.Contains("x-mcp-header", StringComparison.Ordinal))
            return;
        try
        {
            var known = JsonSerializer.Deserialize<Tool>(tool.Json, McpJsonUtilities.DefaultOptions);
            request.Params!["arguments"] = JsonNode.Parse(request.Params["arguments"]!.ToJsonString());
            request.Context = new JsonRpcMessageContext { Items = new Dictionary<string, object?> { [ToolItem] = known } };
        }
        catch (JsonException)
        {
            // A definition that the SDK cannot read: without headers the upstream decides whether the call is complete.
        }
    }
}
