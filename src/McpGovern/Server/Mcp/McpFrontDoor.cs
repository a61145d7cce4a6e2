using System.Reflection;
using System.Text.Json;
using McpGovern.Calls;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>What a client meets, the same over stdio and HTTP and in every revision: what is governed, and our own tools.</summary>
internal sealed class McpFrontDoor(Gateway gateway, OwnTools own, ILogger<McpFrontDoor> log)
{
    public static readonly string Version =
        typeof(McpFrontDoor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private const string Instructions =
        "Tool calls here are checked against a policy. A call that needs a person's approval is parked: you get an error result that names "
        + "it (call_...) and says whom it waits for. It was not executed. Do not send it again with other arguments; go on with other work, "
        + "or call jamjet_result with that id later to get its result, and jamjet_cancel to withdraw it.";

    private readonly ToolCalls _calls = new(gateway, own, log);
    private readonly TaskMethods _tasks = new(gateway.Queries, gateway.Rounds, gateway.Decisions, new RelayedTask(gateway.UpstreamTasks), gateway.Retention);
    private readonly Subscriptions _subscriptions = new(gateway);
    private readonly RelayedMethods _relayed = new(gateway, own, log);

    /// <summary>For one connection, whose every request is the actor's.</summary>
    public McpServerOptions OptionsFor(Actor actor)
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "mcpgovern", Title = "McpGovern", Version = Version },
            ServerInstructions = Instructions,
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability { ListChanged = true }, Logging = new LoggingCapability() },
            ScopeRequests = false,
        };
        var sessionLog = new SessionLog();
        options.Handlers.SetLoggingLevelHandler = (request, _) =>
        {
            sessionLog.Level = JsonSerializer.SerializeToNode(request.Params!.Level, McpJsonUtilities.DefaultOptions)!.GetValue<string>();
            return new(new EmptyResult());
        };
        options.Handlers.CallToolHandler = (request, ct) => _calls.HandleAsync(actor, request, sessionLog, ct);
        options.Handlers.ReadResourceHandler = (request, ct) => _calls.ReadAsync(actor, request, sessionLog, ct);
        options.Handlers.GetPromptHandler = (request, ct) => _calls.GetPromptAsync(actor, request, sessionLog, ct);
        options.Handlers.SubscriptionsListenHandler = (request, ct) => _subscriptions.ServeAsync(actor, request, ct);
        _relayed.AddTo(options, actor);
        _tasks.AddTo(options, actor);
        options.Filters.Message.IncomingFilters.Add(CancelledRequests.Filter);
        options.Filters.Message.OutgoingFilters.Add(RawAnswers.Filter);
        return options;
    }
}
