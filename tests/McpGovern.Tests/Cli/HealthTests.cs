using McpGovern.Cli;
using McpGovern.Settings;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Cli;

/// <summary><c>health</c> finds the server where the settings say that it listens.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData("http://127.0.0.1:7700", "http://127.0.0.1:7700/readyz")]
    [InlineData("http://0.0.0.0:8080", "http://127.0.0.1:8080/readyz")]
    [InlineData("http://[::]:7700", "http://[::1]:7700/readyz")]
    [InlineData("http://localhost:80", "http://localhost/readyz")]
    [InlineData("http://192.0.2.7:7700", "http://192.0.2.7:7700/readyz")]
    public void Ready_OfAListener_IsAskedOnThisMachine(string listen, string ready) => Assert.Equal(ready, HealthVerb.Ready(new Uri(listen)).ToString());

    [Theory]
    [InlineData(null, null, null, "http://127.0.0.1:7700/")]
    [InlineData("http://127.0.0.1:1", null, null, "http://127.0.0.1:1/")]
    [InlineData("http://127.0.0.1:1", "http://0.0.0.0:2", null, "http://0.0.0.0:2/")]
    [InlineData("http://127.0.0.1:1", "http://0.0.0.0:2", "http://127.0.0.1:3", "http://127.0.0.1:3/")]
    public void Listen_FromFileVariableAndFlag_IsTheStrongest(string? file, string? variable, string? flag, string expected)
    {
        if (file is not null)
        {
            // Another key's fault, or a variable that only the server has, is not its business.
            home.Write("mcpgovern.yaml", $"listen: {file}\npolicies: [nowhere.yaml]\nactors: [{{ id: a, key: \"${{NOT_SET_ANYWHERE}}\" }}]\n");
        }

        var sources = new SettingsSources(home.Path, home.Path, home.Path, variable is null ? new Dictionary<string, string>() : new() { ["MCPGOVERN_LISTEN"] = variable });
        var (listen, faults) = SettingsLoad.LoadListen(sources, null, flag is null ? new Dictionary<string, string>() : new() { ["listen"] = flag });

        Assert.Empty(faults.Errors);
        Assert.Equal(expected, listen!.ToString());
    }

    [Theory]
    [InlineData("--listen", "paper")]
    [InlineData("--settings", "nowhere.yaml")]
    public async Task Health_WithoutAnAddress_IsBadUsage(params string[] args) =>
        Assert.Equal(2, (await GovernProcess.RunInAsync(home, ["health", .. args])).ExitCode);
}
