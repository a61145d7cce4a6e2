using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Hands a <c>tools/call</c>, a <c>resources/read</c> or a <c>prompts/get</c> to the handler, and its answer back, all verbatim.</summary>
internal sealed class ToolCalls(Gateway gateway, OwnTools own, ILogger log)
{
    private static readonly CallToolResult ToolStandIn = new();
    private static readonly ReadResourceResult ResourceStandIn = new();
    private static readonly GetPromptResult PromptStandIn = new();

    private readonly ApprovalAsk _ask = new(gateway, log);
    private readonly InputRounds _rounds = new(gateway.States, gateway.Rounds);
    private readonly GovernedNames _names = new(gateway.Tools, gateway.Resources, gateway.Prompts);

    public ValueTask<CallToolResult> HandleAsync(Actor actor, RequestContext<CallToolRequestParams> context, SessionLog sessionLog, CancellationToken ct) =>
        HandleAsync(context.JsonRpcRequest, ToolStandIn, () => AnswerAsync(actor, context, sessionLog, ct), ct);

    public ValueTask<ReadResourceResult> ReadAsync(Actor actor, RequestContext<ReadResourceRequestParams> context, SessionLog sessionLog, CancellationToken ct) =>
        HandleAsync(context.JsonRpcRequest, ResourceStandIn,
            () => GovernAsync(actor, context.Params!.Uri, context.Server, context.JsonRpcRequest, sessionLog, ct), ct);

    public ValueTask<GetPromptResult> GetPromptAsync(Actor actor, RequestContext<GetPromptRequestParams> context, SessionLog sessionLog, CancellationToken ct) =>
        HandleAsync(context.JsonRpcRequest, PromptStandIn,
            () => GovernAsync(actor, context.Params!.Name, context.Server, context.JsonRpcRequest, sessionLog, ct), ct);

    private async ValueTask<T> HandleAsync<T>(JsonRpcRequest request, T standIn, Func<Task<CallAnswer>> answering, CancellationToken ct)
    {
        LongWork.Begin(request);
        try
        {
            var answer = await answering();
            // Whoever cancelled is told nothing more, as the protocol asks.
            ct.ThrowIfCancellationRequested();
            Put(request, answer);
            return standIn;
        }
        catch (InvalidDataException e)
        {
            Put(request, Unavailable(request, $"the call's history cannot be read: {e.Message}"));
            return standIn;
        }
        catch (StoreUnavailableException e)
        {
            Put(request, Unavailable(request, $"the store does not answer: {e.Message}"));
            return standIn;
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            log.CallBroke(e);
            Put(request, new CallAnswer.Error(RpcCode.InternalError, "the gateway failed on this call; whether it was sent is in its record", null));
            return standIn;
        }
    }

    private Task<CallAnswer> AnswerAsync(Actor actor, RequestContext<CallToolRequestParams> context, SessionLog sessionLog, CancellationToken ct) =>
        own.Find(context.Params!.Name) is { } tool
            ? tool.CallAsync(actor, JsonArguments.Read(RawOf(context.JsonRpcRequest).Arguments), ct)
            : GovernAsync(actor, context.Params.Name, context.Server, context.JsonRpcRequest, sessionLog, ct);

    private async Task<CallAnswer> GovernAsync(Actor actor, string name, McpServer server, JsonRpcRequest request, SessionLog sessionLog, CancellationToken ct)
    {
        var raw = RawOf(request);
        var meta = raw.Meta is null ? RelayedMeta.None : RelayedMeta.Read(raw.Meta);
        var caller = new CallerSide(server, request, sessionLog, ct);
        var isTool = request.Method == RequestMethods.ToolsCall;
        var call = new ToolCallRequest(actor, name, raw.Arguments)
        {
            Method = request.Method,
            IdempotencyKey = meta.IdempotencyKey,
            Justification = meta.Justification,
            MetaJson = meta.Relayed,
            Traceparent = meta.Traceparent,
            Client = server.ClientInfo is { } client ? new ClientInfo(client.Name, client.Version) : null,
            AnswerParkedAtOnce = isTool && TaskMethods.IsDeclaredBy(request),
            ClientCapabilities = isTool && TaskMethods.IsDeclaredBy(request) ? caller.CapabilitiesWithTasks : null,
            Progress = meta.ProgressToken is { } token ? new ProgressRelay(server, token, ct) : null,
            Ask = isTool ? _ask.For(actor, name, server, request) : null,
            Caller = caller,
        };
        // Either of us may have given the client what it carries: about its approval, or from the upstream.
        var asked = raw.RequestState is not null && caller.IsStateless ? await _ask.ComeBackAsync(call, raw, ct) : null;
        return asked ?? await _rounds.RunAsync(call, caller, raw, stop => BindingAsync(call, stop), round => gateway.Calls.HandleAsync(call with { Continues = round }, ct), ct);
    }

    /// <summary>What a state that the caller carries is good for: this target, whatever it is called today, with these arguments.</summary>
    private async Task<string?> BindingAsync(ToolCallRequest call, CancellationToken ct)
    {
        try
        {
            return await _names.FindAsync(call, ct) is { } target ? $"{call.Method} {target.Server}.{target.Tool} {CallHash.OfJson(call.ArgumentsJson)}" : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static RawCall RawOf(JsonRpcRequest request) =>
        RawCall.Of(request) ?? throw new InvalidOperationException("the call came in past the message reader");

    private static CallAnswer Unavailable(JsonRpcRequest request, string why) => request.Method == RequestMethods.ToolsCall
        ? ToolAnswers.Refused(AnswerCode.Unavailable.Word, why)
        : OwnWords.Of(request.Method, why);

    private void Put(JsonRpcRequest request, CallAnswer answer)
    {
        if (answer is CallAnswer.Parked parked)
        {
            RawCall.Answer(request, TaskJson.Handle(parked.Call, gateway.Retention));
        }
        else
        {
            PutAnswer(request, answer);
        }
    }

    /// <summary>A result or an error, as this revision has it.</summary>
    public static void PutAnswer(JsonRpcRequest request, CallAnswer answer)
    {
        var stateless = ProtocolEra.IsStateless(request);
        if (answer is CallAnswer.Error error)
        {
            var code = error.Code == OwnWords.ResourceNotFound && stateless ? OwnWords.InvalidParams : error.Code;
            RawCall.Answer(request, new JsonRpcErrorDetail { Code = code, Message = error.Message, Data = DataOf(error.DataJson) });
        }
        else if (answer is CallAnswer.Result result)
        {
            var mayBeCached = stateless && request.Method == RequestMethods.ResourcesRead;
            RawCall.Answer(request, new RawJson(mayBeCached ? RawAnswers.Cached(result.Json) : result.Json));
        }
    }

    /// <summary>An error's data goes through the SDK's serializer, which cannot write every text there is: then it stays behind.</summary>
    private static JsonElement? DataOf(string? json)
    {
        try
        {
            var data = json is null ? (JsonElement?)null : JsonElement.Parse(json);
            JsonSerializer.SerializeToUtf8Bytes(data);
            return data;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}
