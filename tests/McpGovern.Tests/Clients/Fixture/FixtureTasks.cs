using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>
/// What the fixture makes a task of, for requests that declare the extension. Tasks live as long as this process, whoever comes and goes
/// before it.
/// </summary>
internal sealed class FixtureTasks
{
    public const string Extension = "io.modelcontextprotocol/tasks";

    private const string Mark = "fixture/task";

    private readonly ConcurrentDictionary<string, FixtureTask> _tasks = new();

    public static bool Makes(string tool) =>
        tool is "slow_compute" or "failing_job" or "protocol_error_job" or "confirm_delete" or "multi_input" or "test_tool_with_task";

    /// <summary>The handle, as a result that the filter puts the real one in the place of: the SDK has no type for it.</summary>
    public CallToolResult Start(Func<FixtureTask, CancellationToken, Task<CallToolResult>> work)
    {
        var task = new FixtureTask(new CancellationTokenSource());
        _tasks[task.Id] = task;
        _ = task.RunAsync(work);
        return new CallToolResult { Content = [], Meta = new JsonObject { [Mark] = task.Id } };
    }

    public void AddTo(McpServerOptions options)
    {
        options.Capabilities!.Extensions = new Dictionary<string, object> { [Extension] = new JsonObject() };
        options.RequestHandlers =
        [
            Handler("tasks/get", (task, _) => task.Show("complete")),
            Handler("tasks/update", (task, parameters) => Done(() => task.Answer(parameters["inputResponses"]!.AsObject()))),
            Handler("tasks/cancel", (task, _) => Done(task.Cancel)),
        ];
        options.Filters.Message.OutgoingFilters.Add(next => (context, ct) =>
        {
            if (context.JsonRpcMessage is JsonRpcResponse { Result: JsonObject result } && (string?)(result["_meta"] as JsonObject)?[Mark] is { } id)
            {
                ((JsonRpcResponse)context.JsonRpcMessage).Result = _tasks[id].Show("task");
            }

            return next(context, ct);
        });
    }

    private static JsonObject Done(Action act)
    {
        act();
        return new JsonObject { ["resultType"] = "complete" };
    }

    private McpServerRequestHandler Handler(string method, Func<FixtureTask, JsonObject, JsonNode> answer) => new()
    {
        Method = method,
        RoutingNameParameter = "taskId",
        Handler = (request, _) =>
        {
            if (request.Context?.ClientCapabilities?.Extensions?.ContainsKey(Extension) != true)
            {
                throw new MissingRequiredClientCapabilityException(
                    new ClientCapabilities { Extensions = new Dictionary<string, object> { [Extension] = new JsonObject() } });
            }

            var parameters = request.Params!.AsObject();
            return _tasks.TryGetValue((string)parameters["taskId"]!, out var task)
                ? new(answer(task, parameters))
                : throw new McpProtocolException("there is no such task", McpErrorCode.InvalidParams);
        },
    };
}
