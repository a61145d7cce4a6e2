using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Upstreams;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Lists, completions and subscriptions: what is shown and told by policy, and not recorded, since nothing happens by it.</summary>
internal sealed class RelayedMethods(Gateway gateway, OwnTools own, ILogger log)
{
    /// <summary>For one connection, whose every request is the actor's.</summary>
    public void AddTo(McpServerOptions options, Actor actor)
    {
        // Declared whatever the upstreams have: they are not started for a client that only says hello, and an empty list is a list.
        options.Capabilities!.Resources = new ResourcesCapability { ListChanged = true, Subscribe = true };
        options.Capabilities.Prompts = new PromptsCapability { ListChanged = true };
        options.Capabilities.Completions = new CompletionsCapability();

        options.Handlers.ListToolsHandler = async (request, ct) =>
        {
            await ListAsync(request.JsonRpcRequest, ListKind.Tools, async () => [.. await gateway.Tools.ListAsync(actor, ct), .. own.ListFor(actor)]);
            return new ListToolsResult();
        };
        options.Handlers.ListResourcesHandler = async (request, ct) =>
        {
            await ListAsync(request.JsonRpcRequest, ListKind.Resources, () => gateway.Resources.ListAsync(actor, ListKind.Resources, ct));
            return new ListResourcesResult();
        };
        options.Handlers.ListResourceTemplatesHandler = async (request, ct) =>
        {
            await ListAsync(request.JsonRpcRequest, ListKind.Templates, () => gateway.Resources.ListAsync(actor, ListKind.Templates, ct));
            return new ListResourceTemplatesResult();
        };
        options.Handlers.ListPromptsHandler = async (request, ct) =>
        {
            await ListAsync(request.JsonRpcRequest, ListKind.Prompts, () => gateway.Prompts.ListAsync(actor, ct));
            return new ListPromptsResult();
        };
        options.Handlers.CompleteHandler = async (request, ct) =>
        {
            LongWork.Begin(request.JsonRpcRequest);
            ToolCalls.PutAnswer(request.JsonRpcRequest, await gateway.Completions.CompleteAsync(actor, ParametersOf(request.JsonRpcRequest), ct));
            return new CompleteResult();
        };
        options.Handlers.SubscribeToResourcesHandler = async (request, ct) =>
        {
            LongWork.Begin(request.JsonRpcRequest);
            if (await gateway.Listeners.AddAsync(options, actor, request.Params!.Uri, ct) is { } refusal)
            {
                ToolCalls.PutAnswer(request.JsonRpcRequest, refusal);
            }

            return new EmptyResult();
        };
        options.Handlers.UnsubscribeFromResourcesHandler = async (request, _) =>
        {
            await gateway.Listeners.RemoveAsync(options, request.Params!.Uri);
            return new EmptyResult();
        };
    }

    // Definitions travel as they are: the SDK's types would drop every member that they do not know.
    private async Task ListAsync(JsonRpcRequest request, ListKind kind, Func<Task<IReadOnlyList<string>>> reading)
    {
        LongWork.Begin(request);
        try
        {
            var json = Encoding.UTF8.GetBytes($$"""{"{{kind.Member}}":[{{string.Join(',', await reading())}}]}""");
            RawCall.Answer(request, new RawJson(ProtocolEra.IsStateless(request) ? RawAnswers.Cached(json) : json));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.ListFailed(e);
            throw new McpProtocolException($"the {kind.Member} cannot be listed now; see the gateway's log", McpErrorCode.InternalError);
        }
    }

    /// <summary>What travels on: without what is meant for this hop alone.</summary>
    private static JsonObject ParametersOf(JsonRpcRequest request)
    {
        var parameters = request.Params?.DeepClone() as JsonObject ?? [];
        if (parameters["_meta"] is JsonObject meta)
        {
            var relayed = RelayedMeta.Read(meta.ToJsonString()).Relayed;
            parameters["_meta"] = JsonNode.Parse(relayed ?? "{}");
        }

        return parameters;
    }
}
