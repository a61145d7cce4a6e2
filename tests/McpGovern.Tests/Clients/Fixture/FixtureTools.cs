using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using static McpGovern.Tests.Clients.Fixture.FixtureContent;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>The tools: those that only answer, those that speak while they run, and those that ask (<see cref="FixtureAsks"/>).</summary>
internal sealed class FixtureTools
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly SortedDictionary<string, Func<FixtureCall, CancellationToken, ValueTask<CallToolResult>>> _tools = new(StringComparer.Ordinal)
    {
        ["test_simple_text"] = Says("""{"type":"text","text":"This is a simple text response for testing."}"""),
        ["test_image_content"] = Says(Image),
        ["test_audio_content"] = Says($$"""{"type":"audio","data":"{{Wav}}","mimeType":"audio/wav"}"""),
        ["test_embedded_resource"] = Says("""
            {"type":"resource","resource":
              {"uri":"test://embedded-resource","mimeType":"text/plain","text":"This is an embedded resource content."}}
            """),
        ["test_multiple_content_types"] = Says(
            """{"type":"text","text":"Multiple content types test:"}""",
            Image,
            """
            {"type":"resource","resource":
              {"uri":"test://mixed-content-resource","mimeType":"application/json","text":"{\"test\":\"data\",\"value\":123}"}}
            """),
        ["test_error_handling"] = (_, _) => new(FixtureCall.Text("This tool intentionally returns an error for testing", isError: true)),
        ["test_tool_with_logging"] = (call, ct) => LogAsync(call, Step, ct),
        // Whether this one says anything is looked at for half a second.
        ["test_logging_tool"] = (call, ct) => LogAsync(call, TimeSpan.Zero, ct),
        ["test_tool_with_progress"] = ProgressAsync,
        ["test_reconnection"] = Says("""{"type":"text","text":"Nothing was interrupted."}"""),
        ["json_schema_2020_12_tool"] = Says("""{"type":"text","text":"valid"}"""),
        ["test_header_parameter"] = (call, _) => new(FixtureCall.Text($"region: {call.TextArgument("region")}")),
        ["test_missing_capability"] = RequireSamplingAsync,
        ["greet"] = (call, _) => new(FixtureCall.Text($"Hello, {call.TextArgument("name")}!")),
        [FixtureChanges.ComingTool] = Says("""{"type":"text","text":"This tool comes and goes."}"""),
        ["protocol_error_job"] = (_, _) => throw new McpProtocolException("the job crashed", McpErrorCode.InternalError),
    };

    private readonly FixtureChanges _changes;
    private readonly FixtureTasks? _asTasks;
    private readonly IReadOnlyList<Tool> _all;

    public FixtureTools(FixtureChanges changes, bool sleeps, bool tasksRequired, FixtureTasks? tasks, string? ledger)
    {
        (_changes, _asTasks) = (changes, tasks);
        _tools["test_trigger_tool_change"] = (call, ct) => TriggerAsync(changes, NotificationMethods.ToolListChangedNotification, call, ct);
        _tools["test_trigger_prompt_change"] = (call, ct) => TriggerAsync(changes, NotificationMethods.PromptListChangedNotification, call, ct);
        _tools["slow_compute"] = (call, ct) => ComputeAsync(call, ledger, sleeps ? call.Argument("seconds")?.GetDouble() ?? 0 : 0, ct);
        _tools["failing_job"] = (call, _) => new(Fail(call, tasksRequired));
        foreach (var (name, ask) in FixtureAsks.All)
        {
            _tools[name] = ask.AnswerAsync;
        }

        _all = [.. _tools.Keys.Select(FixtureSchemas.Definition)];
    }

    public IList<Tool> Definitions => [.. _all.Where(tool => _changes.Has(tool.Name))];

    private static string Image => $$"""{"type":"image","data":"{{Png}}","mimeType":"image/png"}""";

    public ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken ct) =>
        _tools.TryGetValue(request.Params!.Name, out var tool)
            ? CallAsync(new FixtureCall(request), request.Params.Name, tool, ct)
            : throw new McpProtocolException($"Unknown tool: '{request.Params.Name}'", McpErrorCode.InvalidParams);

    private async ValueTask<CallToolResult> CallAsync(
        FixtureCall call, string name, Func<FixtureCall, CancellationToken, ValueTask<CallToolResult>> tool, CancellationToken ct)
    {
        if (_asTasks is null || !call.TakesTasks || !FixtureTasks.Makes(name))
        {
            return await tool(call, ct);
        }

        if (name == "test_tool_with_task")
        {
            // Asks its caller first, and becomes a task when it has been told.
            var answered = await tool(call, ct);
            return _asTasks.Start((_, _) => Task.FromResult(answered));
        }

        return FixtureAsks.All.TryGetValue(name, out var ask)
            ? _asTasks.Start((task, stop) => ask.AnswerAsync(call, task, stop))
            : _asTasks.Start((_, stop) => tool(call, stop).AsTask());
    }

    private static Func<FixtureCall, CancellationToken, ValueTask<CallToolResult>> Says(params string[] blocks) =>
        (_, _) => new(Read<CallToolResult>($$"""{"content":[{{string.Join(',', blocks)}}]}"""));

    private static async ValueTask<CallToolResult> LogAsync(FixtureCall call, TimeSpan step, CancellationToken ct)
    {
        foreach (var message in new[] { "Tool execution started", "Tool processing data", "Tool execution completed" })
        {
            await call.LogAsync(message, ct);
            await Task.Delay(step, ct);
        }

        return FixtureCall.Text("Tool with logging executed successfully");
    }

    private static async ValueTask<CallToolResult> ProgressAsync(FixtureCall call, CancellationToken ct)
    {
        foreach (var done in new[] { 0, 50, 100 })
        {
            await call.ProgressAsync(done, ct);
            await Task.Delay(Step, ct);
        }

        return FixtureCall.Text("Tool with progress executed successfully");
    }

    private static ValueTask<CallToolResult> RequireSamplingAsync(FixtureCall call, CancellationToken ct) => call.Capabilities.Sampling is not null
        ? new(FixtureCall.Text("the client can sample"))
        : throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new() });

    private static CallToolResult Fail(FixtureCall call, bool tasksRequired)
    {
        const string Tasks = "io.modelcontextprotocol/tasks";
        return tasksRequired && call.Capabilities.Extensions?.ContainsKey(Tasks) != true
            ? throw new MissingRequiredClientCapabilityException(
                new ClientCapabilities { Extensions = new Dictionary<string, object> { [Tasks] = new JsonObject() } })
            : FixtureCall.Text("the job failed", isError: true);
    }

    private static async ValueTask<CallToolResult> ComputeAsync(FixtureCall call, string? ledger, double seconds, CancellationToken ct)
    {
        if (ledger is not null)
        {
            await File.AppendAllTextAsync(ledger, $"{call.TextArgument("label")}\n", CancellationToken.None);
        }

        await Task.Delay(TimeSpan.FromSeconds(seconds), ct);
        // A time that is no matter of luck: until this file is there.
        while (call.Argument("until") is { } file && !File.Exists(file.GetString()))
        {
            await Task.Delay(20, ct);
        }

        return FixtureCall.Text($"computed {call.TextArgument("label")}");
    }

    private static async ValueTask<CallToolResult> TriggerAsync(FixtureChanges changes, string method, FixtureCall call, CancellationToken ct)
    {
        if (method == NotificationMethods.ToolListChangedNotification)
        {
            changes.ChangeTools();
        }

        if (!call.IsModern)
        {
            await call.Server.SendMessageAsync(new JsonRpcNotification { Method = method }, ct);
        }

        changes.Announce(method);
        return FixtureCall.Text("changed");
    }
}
