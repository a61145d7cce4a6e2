using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>
/// Reads one JSON-RPC message from its bytes, strictly, so that two readers of the same bytes can never disagree about a call:
/// one object, no batch, an id that can be echoed, no key twice.
/// </summary>
internal static class MessageReader
{
    private const string Arguments = "params.arguments", Meta = "params._meta", InputResponses = "params.inputResponses", RequestState = "params.requestState";

    private static readonly JsonTypeInfo<JsonRpcMessage> MessageInfo =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    private static readonly JsonTypeInfo<InitializeRequestParams> InitializeInfo =
        (JsonTypeInfo<InitializeRequestParams>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(InitializeRequestParams));

    public static Inbound Read(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            return new Inbound.Fault(RpcCode.ParseError, "the message is not UTF-8", default);
        }

        var scan = MessageScan.Of(utf8);
        var id = IdOf(utf8, scan, out var idFault);
        Inbound Fault(int code, string text) => new Inbound.Fault(code, text, id);

        return scan switch
        {
            { Fault: { } fault } => Fault(RpcCode.ParseError, $"the message is not JSON: {fault}"),
            { Root: JsonTokenType.StartArray } => Fault(RpcCode.InvalidRequest, "batches are not supported; send one message at a time"),
            { Root: not JsonTokenType.StartObject } => Fault(RpcCode.InvalidRequest, "the message is not a JSON object"),
            { Duplicate: { } duplicate } => Fault(RpcCode.InvalidRequest, duplicate),
            _ when idFault is not null => Fault(RpcCode.InvalidRequest, idFault),
            _ when TextOf(utf8, scan["jsonrpc"]) != "2.0" => Fault(RpcCode.InvalidRequest, "\"jsonrpc\" must be \"2.0\""),
            _ when scan["method"] is null => Response(utf8, scan, id),
            _ when TextOf(utf8, scan["method"]) is not { } method => Fault(RpcCode.InvalidRequest, "\"method\" must be a string"),
            _ when id.Id is not null => Request(utf8, scan, id, TextOf(utf8, scan["method"])!),
            _ => Notification(utf8, scan, TextOf(utf8, scan["method"])!),
        };
    }

    private static Inbound Request(ReadOnlySpan<byte> utf8, MessageScan scan, RequestId id, string method)
    {
        if (FirstByte(utf8, scan["params"]) is not (null or '{' or 'n'))
        {
            return new Inbound.Fault(RpcCode.InvalidParams, "\"params\" must be an object", id);
        }

        return method switch
        {
            RequestMethods.ToolsCall => Call(utf8, scan, id, method, "name", "the tool's name"),
            RequestMethods.PromptsGet => Call(utf8, scan, id, method, "name", "the prompt's name"),
            RequestMethods.ResourcesRead => Call(utf8, scan, id, method, "uri", "the resource's address"),
            TaskMethods.Update => Update(utf8, scan, id),
            _ => Parse(utf8, id),
        };
    }

    private static Inbound Update(ReadOnlySpan<byte> utf8, MessageScan scan, RequestId id)
    {
        if (FirstByte(utf8, scan[InputResponses]) is not (null or '{'))
        {
            return new Inbound.Fault(RpcCode.InvalidParams, "params.inputResponses must be an object", id);
        }

        var read = Parse(utf8, id);
        if (read is Inbound.Message { Value: JsonRpcRequest request } && scan[InputResponses] is { } answers)
        {
            new RawCall("{}", Meta: null, Encoding.UTF8.GetString(utf8[answers])).AttachTo(request);
        }

        return read;
    }

    /// <param name="member">Of params: what is asked for.</param>
    private static Inbound Call(ReadOnlySpan<byte> utf8, MessageScan scan, RequestId id, string method, string member, string meaning)
    {
        Inbound Fault(string text) => new Inbound.Fault(RpcCode.InvalidParams, text, id);
        if (TextOf(utf8, scan[$"params.{member}"]) is not { } name)
        {
            return Fault($"params.{member} must be a string: {meaning}");
        }

        if (FirstByte(utf8, scan[Arguments]) is not (null or '{' or 'n'))
        {
            return Fault("params.arguments must be an object");
        }

        if (FirstByte(utf8, scan[Meta]) is not (null or '{'))
        {
            return Fault("params._meta must be an object");
        }

        if (FirstByte(utf8, scan[InputResponses]) is not (null or '{'))
        {
            return Fault("params.inputResponses must be an object");
        }

        if (scan[RequestState] is { } given && TextOf(utf8, given) is null)
        {
            return Fault("params.requestState must be a string");
        }

        var request = new JsonRpcRequest { Id = id, Method = method, Params = new JsonObject { [member] = name } };
        var arguments = method == RequestMethods.ResourcesRead ? $$"""{"uri":{{Encoding.UTF8.GetString(utf8[scan["params.uri"]!.Value])}}}"""
            : FirstByte(utf8, scan[Arguments]) == '{' ? Encoding.UTF8.GetString(utf8[scan[Arguments]!.Value])
            : "{}";
        var meta = scan[Meta] is { } range ? Encoding.UTF8.GetString(utf8[range]) : null;
        var (fault, protocol) = meta is not null && RelayedMeta.Read(meta) is var read ? (read.Fault, read.Protocol) : default;
        if (fault is not null)
        {
            return Fault(fault);
        }

        if (protocol is not null)
        {
            request.Params["_meta"] = JsonNode.Parse(protocol);
        }

        var responses = scan[InputResponses] is { } answers ? Encoding.UTF8.GetString(utf8[answers]) : null;
        new RawCall(arguments, meta, responses, TextOf(utf8, scan[RequestState])).AttachTo(request);
        return new Inbound.Message(request);
    }

    // A call shaped as a notification would run without anybody to answer.
    private static Inbound Notification(ReadOnlySpan<byte> utf8, MessageScan scan, string method) =>
        method.StartsWith("notifications/", StringComparison.Ordinal)
            ? Parse(utf8, default)
            : new Inbound.Fault(RpcCode.InvalidRequest, $"\"{method}\" needs an \"id\"", default);

    private static Inbound Response(ReadOnlySpan<byte> utf8, MessageScan scan, RequestId id)
    {
        if (id.Id is null)
        {
            return new Inbound.Fault(RpcCode.InvalidRequest, "the message has neither a \"method\" nor an \"id\"", default);
        }

        var read = Parse(utf8, id);
        if (read is Inbound.Message { Value: JsonRpcResponse response } && scan["result"] is { } result)
        {
            RawCall.KeepResult(response, utf8[result].ToArray());
        }

        return read;
    }

    private static Inbound Parse(ReadOnlySpan<byte> utf8, RequestId id)
    {
        try
        {
            var message = JsonSerializer.Deserialize(utf8, MessageInfo)!;
            // Names that .NET cannot hold are found when a node is first looked into: look here, not somewhere inside the SDK.
            _ = message is JsonRpcRequest { Params: JsonObject { Count: > 0 } parameters } && parameters["_meta"] is JsonObject { Count: > 0 };
            return WhyNotInitialize(message) is { } fault ? new Inbound.Fault(RpcCode.InvalidParams, fault, id) : new Inbound.Message(message);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new Inbound.Fault(RpcCode.InvalidRequest, "the message is no request, notification or response", id);
        }
    }

    // The SDK's HTTP transport reads these on its own, outside of what answers errors.
    private static string? WhyNotInitialize(JsonRpcMessage message)
    {
        // The stateless revision has no such method, whatever its params.
        if (message is not JsonRpcRequest { Method: RequestMethods.Initialize } request || ProtocolEra.VersionOf(message) == ProtocolEra.Stateless)
        {
            return null;
        }

        try
        {
            return request.Params.Deserialize(InitializeInfo) is null ? "initialize needs params: protocolVersion, capabilities and clientInfo" : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "initialize needs params: protocolVersion (string), capabilities (object) and clientInfo (name and version)";
        }
    }

    private static RequestId IdOf(ReadOnlySpan<byte> utf8, MessageScan scan, out string? fault)
    {
        fault = null;
        if (scan["id"] is not { } range)
        {
            return default;
        }

        if (FirstByte(utf8, range) == '"' && TextOf(utf8, range) is { } text)
        {
            return new RequestId(text);
        }

        if (long.TryParse(utf8[range], System.Globalization.NumberStyles.AllowLeadingSign, null, out var number))
        {
            return new RequestId(number);
        }

        fault = "\"id\" must be a string or an integer of at most 64 bits";
        return default;
    }

    private static char? FirstByte(ReadOnlySpan<byte> utf8, Range? range) => range is { } r ? (char)utf8[r][0] : null;

    /// <summary>The string there, or <c>null</c> where there is none, or none that .NET can hold.</summary>
    private static string? TextOf(ReadOnlySpan<byte> utf8, Range? range)
    {
        if (FirstByte(utf8, range) != '"')
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(utf8[range!.Value]);
            reader.Read();
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
