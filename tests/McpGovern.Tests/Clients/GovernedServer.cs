using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

public enum Door
{
    Stdio,
    Http,
    Sse,
}

/// <summary>McpGovern in front of one server, as a client reaches it, with the command line beside it.</summary>
internal sealed class GovernedServer : IAsyncDisposable
{
    private const string AgentKey = "a-key-that-only-this-test-has-0123456789";
    private readonly TempFolder folder;
    private ServingProcess? serving;

    private GovernedServer(TempFolder folder, string settings, ServingProcess? serving)
    {
        (this.folder, Settings, this.serving) = (folder, settings, serving);
        Target = TargetOf(serving is null ? Door.Stdio : Door.Http);
    }

    public string Settings { get; }

    /// <summary>Over stdio, each client that connects starts a process of its own.</summary>
    public ClientTarget Target { get; }

    /// <summary>One that serves over HTTP has all doors.</summary>
    public ClientTarget TargetOf(Door door) => door == Door.Stdio
        ? new() { Command = "dotnet", Args = GovernProcess.CommandLine("stdio", Settings) }
        : new()
        {
            Type = door == Door.Sse ? "sse" : "streamable-http",
            Url = door == Door.Sse ? new Uri(serving!.Address, "/sse") : serving!.McpEndpoint,
            Headers = new Dictionary<string, string> { ["Authorization"] = $"Bearer {AgentKey}" },
        };

    /// <summary><c>kill -9</c>, and the same server again at the same address.</summary>
    public async Task RestartAsync()
    {
        serving!.KillHard();
        await serving.Process.WaitForExitAsync();
        var port = serving.Address.Port;
        await serving.DisposeAsync();
        serving = await GovernProcess.ServeAsync(Settings, port);
    }

    /// <summary>For the client's own files too.</summary>
    public TempFolder Folder => folder;

    /// <param name="entry">The server's entry in an <c>mcpServers</c> block.</param>
    /// <param name="hold">Zero, where gated calls are to be answered at once.</param>
    /// <param name="publicUrl">Where people are told that the pages are.</param>
    public static async Task<GovernedServer> StartAsync(
        Door door, string name, Func<TempFolder, object> entry, object policy, string hold = "0s", string? publicUrl = null, string? store = null)
    {
        var folder = new TempFolder();
        var members = new Dictionary<string, object>
        {
            ["version"] = 1,
            ["store"] = store ?? "sqlite:./data/mcpgovern.db",
            ["legacy_sse"] = true,
            ["hold"] = hold,
            ["policy"] = policy,
            ["mcpServers"] = new Dictionary<string, object> { [name] = entry(folder) },
            ["actors"] = new[] { new { id = "agent:coder", roles = new[] { "caller" }, key = AgentKey } },
        };
        if (publicUrl is not null)
        {
            members["public_url"] = publicUrl;
        }

        var settings = folder.WriteJson("mcpgovern.json", members);
        try
        {
            return new(folder, settings, door == Door.Http ? await GovernProcess.ServeAsync(settings) : null);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A verb of the command line with <c>--json</c>, which has to succeed.</summary>
    public async Task<JsonNode> RunAsync(string verb, params string[] args)
    {
        var finished = await GovernProcess.RunToEndAsync(verb, Settings, ["--json", .. args]);
        Assert.True(finished.ExitCode == 0, finished.ToString());
        return JsonNode.Parse(finished.Output)!;
    }

    public async ValueTask DisposeAsync()
    {
        if (serving is not null)
        {
            await serving.DisposeAsync();
        }

        folder.Dispose();
    }
}
