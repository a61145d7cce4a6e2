using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>
/// The server that the official conformance suite wants to find, whole: its tools, prompts and resources by the names that the suite
/// calls. Every connection gets options of its own; what one of them changes, all hear of.
/// </summary>
/// <param name="sleeps">Whether <c>slow_compute</c> takes its time: nobody can cancel it where it does not become a task.</param>
/// <param name="tasksRequired">Whether <c>failing_job</c> is only to be had as a task.</param>
/// <param name="tasks">Its own tasks, where it has any.</param>
/// <param name="ledger">Where every run of <c>slow_compute</c> is written down.</param>
internal sealed class FixtureServer(FixtureEra era, bool sleeps, bool tasksRequired, FixtureTasks? tasks, string? ledger)
{
    private readonly FixtureChanges _changes = new();

    public static FixtureServer For(IReadOnlyCollection<string> args, bool sleeps = true) => new(
        EraPin.Parse(args), sleeps || args.Contains("--tasks"), args.Contains("--tasks-required"), args.Contains("--tasks") ? new() : null,
        Option(args, "--ledger"));

    /// <summary>What follows the name.</summary>
    public static string? Option(IEnumerable<string> args, string name) => args.SkipWhile(arg => arg != name).Skip(1).FirstOrDefault();

    public McpServerOptions Options()
    {
        var tools = new FixtureTools(_changes, sleeps, tasksRequired, tasks, ledger);
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "conformance-fixture", Version = "1" },
            ScopeRequests = false,
            Capabilities = new ServerCapabilities
            {
                Tools = new() { ListChanged = true },
                Prompts = new() { ListChanged = true },
                Resources = new() { Subscribe = true },
                Completions = new(),
                Logging = era == FixtureEra.Modern ? null : new(),
            },
        };
        options.Handlers.ListToolsHandler = (_, _) => new(new ListToolsResult { Tools = tools.Definitions });
        options.Handlers.CallToolHandler = tools.CallAsync;
        options.Handlers.ListPromptsHandler = (_, _) => new(new ListPromptsResult { Prompts = FixturePrompts.Definitions });
        options.Handlers.GetPromptHandler = FixturePrompts.GetAsync;
        options.Handlers.ListResourcesHandler = (_, _) => new(new ListResourcesResult { Resources = FixtureResources.Definitions });
        options.Handlers.ListResourceTemplatesHandler =
            (_, _) => new(new ListResourceTemplatesResult { ResourceTemplates = FixtureResources.Templates });
        options.Handlers.ReadResourceHandler = FixtureResources.ReadAsync;
        options.Handlers.CompleteHandler = FixturePrompts.CompleteAsync;
        options.Handlers.SubscribeToResourcesHandler = (_, _) => new(new EmptyResult());
        options.Handlers.UnsubscribeFromResourcesHandler = (_, _) => new(new EmptyResult());
        options.Handlers.SubscriptionsListenHandler = _changes.ServeAsync;
        if (era != FixtureEra.Modern)
        {
            options.Handlers.SetLoggingLevelHandler = (_, _) => new(new EmptyResult());
        }

        tasks?.AddTo(options);
        if (era != FixtureEra.Both)
        {
            options.Filters.Message.IncomingFilters.Add(EraPin.Filter(era));
        }

        return options;
    }

    /// <summary>Over stdin and stdout, until the client closes.</summary>
    public async Task<int> RunAsync()
    {
        await using var transport = new StdioServerTransport("conformance-fixture");
        await using var server = McpServer.Create(transport, Options());
        await server.RunAsync();
        return 0;
    }
}
