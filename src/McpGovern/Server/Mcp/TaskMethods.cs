using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Wire;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>
/// The tasks extension: a caller that understands it gets a parked call as a task, or one that its upstream made a task of, and asks for it
/// by its handle from the call's own stream.
/// </summary>
internal sealed class TaskMethods(CallQueries queries, TaskRounds rounds, DecisionHandler decisions, RelayedTask relayed, TimeSpan kept)
{
    public const string Extension = "io.modelcontextprotocol/tasks", Get = "tasks/get", Update = "tasks/update", Cancel = "tasks/cancel";

    private static readonly RawJson Done = new("""{"resultType":"complete"}"""u8.ToArray());

    /// <summary>Whether this very request declares the extension; what a client said in <c>initialize</c> does not count.</summary>
    public static bool IsDeclaredBy(JsonRpcRequest request) => Declares(request, Extension);

    /// <summary>For one connection, whose every request is the actor's.</summary>
    public void AddTo(McpServerOptions options, Actor actor)
    {
        (options.Capabilities ??= new()).Extensions =
            new Dictionary<string, object> { [Extension] = new JsonObject(), [ApprovalDisposition.Extension] = new JsonObject() };
        options.RequestHandlers =
        [
            Handler(Get, StateAsync),
            Handler(Update, UpdateAsync),
            Handler(Cancel, CancelAsync),
        ];

        McpServerRequestHandler Handler(string method, Func<CallTask, JsonRpcRequest, CancellationToken, Task<RawJson>> answer) => new()
        {
            Method = method,
            RoutingNameParameter = "taskId",
            Handler = async (request, ct) => SdkJson.Node((await AnswerAsync(actor, request, answer, ct)).Utf8),
        };

        async Task<RawJson> UpdateAsync(CallTask task, JsonRpcRequest request, CancellationToken ct)
        {
            // Answers go on as a call does: whoever may not call any more gives none.
            if (!actor.Roles.HasFlag(Roles.Caller))
            {
                throw new McpProtocolException("you may not call tools", McpErrorCode.InvalidParams);
            }

            await relayed.UpdateAsync(actor, task, request, ct);
            return task.MayAsk && await rounds.GiveAsync(actor, task.Current, RawCall.Of(request)?.InputResponses ?? "{}", ct) is { } why
                ? throw new McpProtocolException(why, McpErrorCode.InvalidParams) : Done;
        }

        async Task<RawJson> CancelAsync(CallTask task, JsonRpcRequest request, CancellationToken ct)
        {
            // Cancelling is a wish: what was sent already goes on, and tasks/get tells what became of it.
            var answer = await decisions.CancelAsync(new CancelRequest(actor, task.Current.Id, "mcp", "tasks/cancel"), ct);
            await relayed.CancelAsync(actor, task, ct);
            return answer.Answer == AnswerCode.Unavailable.Word ? throw new McpProtocolException(answer.Message, McpErrorCode.InternalError) : Done;
        }
    }

    private async Task<RawJson> StateAsync(CallTask task, JsonRpcRequest request, CancellationToken ct)
    {
        if (await queries.QuestionsAsync(task, ct) is { } questions)
        {
            return ClientNeeds.Missing(questions, request.Context?.ClientCapabilities) is { } missing
                ? throw ClientNeeds.Refusal(missing)
                : TaskJson.Asking(task, kept, questions);
        }

        var state = TaskJson.State(task, kept, ApprovalDisposition.On(task, await queries.OutcomeAsync(task), Declares(request, ApprovalDisposition.Extension)));
        return await relayed.ShowAsync(task, request, state, ct);
    }

    private static bool Declares(JsonRpcRequest request, string extension) =>
        ProtocolEra.IsStateless(request) && request.Context?.ClientCapabilities?.Extensions?.ContainsKey(extension) == true;

    private async Task<RawJson> AnswerAsync(
        Actor actor, JsonRpcRequest request, Func<CallTask, JsonRpcRequest, CancellationToken, Task<RawJson>> answer, CancellationToken ct)
    {
        if (!ProtocolEra.IsStateless(request))
        {
            throw new McpProtocolException($"Method '{request.Method}' is not available.", McpErrorCode.MethodNotFound);
        }

        if (!IsDeclaredBy(request))
        {
            throw new MissingRequiredClientCapabilityException(
                new ClientCapabilities { Extensions = new Dictionary<string, object> { [Extension] = new JsonObject() } });
        }

        LongWork.Begin(request);
        try
        {
            var id = (request.Params as JsonObject)?["taskId"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
            var task = await queries.TaskAsync(actor, id, ct) ?? throw new McpProtocolException("there is no such task", McpErrorCode.InvalidParams);
            return await answer(task, request, ct);
        }
        catch (StoreUnavailableException e)
        {
            throw new McpProtocolException(e.Message, McpErrorCode.InternalError);
        }
    }
}
