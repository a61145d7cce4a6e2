using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Hands a <c>tools/call</c> to the handler, and its answer back, both verbatim.</summary>
internal sealed class ToolCalls(Gateway gateway, OwnTools own, ILogger log)
{
    private static readonly CallToolResult StandIn = new();

    private readonly InputRounds _rounds = new(gateway.States);

    public async ValueTask<CallToolResult> HandleAsync(Actor actor, RequestContext<CallToolRequestParams> context, SessionLog sessionLog, CancellationToken ct)
    {
        var request = context.JsonRpcRequest;
        try
        {
            var answer = await AnswerAsync(actor, context, sessionLog, ct);
            // Whoever cancelled is told nothing more, as the protocol asks.
            ct.ThrowIfCancellationRequested();
            Put(request, answer);
            return StandIn;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Without an answer the POST that asked would stay open for ever.
            await (request.Context?.RelatedTransport?.DisposeAsync() ?? default);
            throw;
        }
        catch (InvalidDataException e)
        {
            Put(request, ToolAnswers.Refused(AnswerCode.Unavailable.Word, $"the call's history cannot be read: {e.Message}"));
            return StandIn;
        }
        catch (StoreUnavailableException e)
        {
            Put(request, ToolAnswers.Refused(AnswerCode.Unavailable.Word, $"the store does not answer: {e.Message}"));
            return StandIn;
        }
        catch (Exception e)
        {
            log.CallBroke(e);
            Put(request, new CallAnswer.Error(RpcCode.InternalError, "the gateway failed on this call; whether it was sent is in its record", null));
            return StandIn;
        }
    }

    private Task<CallAnswer> AnswerAsync(Actor actor, RequestContext<CallToolRequestParams> context, SessionLog sessionLog, CancellationToken ct)
    {
        var raw = RawCall.Of(context.JsonRpcRequest) ?? throw new InvalidOperationException("the call came in past the message reader");
        if (own.Find(context.Params!.Name) is { } tool)
        {
            return tool.CallAsync(actor, JsonArguments.Read(raw.Arguments), ct);
        }

        var meta = raw.Meta is null ? RelayedMeta.None : RelayedMeta.Read(raw.Meta);
        var caller = new CallerSide(context.Server, context.JsonRpcRequest, sessionLog, ct);
        var call = new ToolCallRequest(actor, context.Params.Name, raw.Arguments)
        {
            IdempotencyKey = meta.IdempotencyKey,
            MetaJson = meta.Relayed,
            Traceparent = meta.Traceparent,
            Client = context.Server.ClientInfo is { } client ? new ClientInfo(client.Name, client.Version) : null,
            AnswerParkedAtOnce = TaskMethods.IsDeclaredBy(context.JsonRpcRequest),
            Progress = meta.ProgressToken is { } token ? new ProgressRelay(context.Server, token, ct) : null,
            Caller = caller,
        };
        return _rounds.RunAsync(actor, caller, raw, stop => BindingAsync(call, stop), round => gateway.Calls.HandleAsync(call with { Continues = round }, ct), ct);
    }

    /// <summary>What a state that the caller carries is good for: this tool, whatever it is called today, with these arguments.</summary>
    private async Task<string?> BindingAsync(ToolCallRequest call, CancellationToken ct)
    {
        try
        {
            return await gateway.Tools.FindAsync(call.Name, ct) is { } tool ? $"tools/call {tool.Server}.{tool.Tool} {CallHash.OfJson(call.ArgumentsJson)}" : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private void Put(JsonRpcRequest request, CallAnswer answer)
    {
        switch (answer)
        {
            case CallAnswer.Result result:
                RawCall.Answer(request, new RawJson(result.Json));
                break;
            case CallAnswer.Error error:
                RawCall.Answer(request, new JsonRpcErrorDetail { Code = error.Code, Message = error.Message, Data = DataOf(error.DataJson) });
                break;
            case CallAnswer.Parked parked:
                RawCall.Answer(request, TaskJson.Handle(parked.Call, gateway.Retention));
                break;
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
