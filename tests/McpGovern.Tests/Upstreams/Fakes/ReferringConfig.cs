using System.Text.Json;
using McpGovern.Settings;
using McpGovern.Tests.Processes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>Servers as a settings file in a folder says them, references included.</summary>
internal static class ReferringConfig
{
    /// <summary>The fake upstream as a process, with these variables.</summary>
    public static object Stdio(object env, params string[] options)
    {
        var (command, args) = FakeUpstreamOptions.CommandLine(options);
        return new { command, args, env };
    }

    public static SettingsResult Load(TempFolder folder, object server, IReadOnlyDictionary<string, string>? environment = null) => SettingsLoad.LoadText(
        new SettingsSources(folder.Path, folder.File("config"), folder.File("data"), environment ?? new Dictionary<string, string>()), folder.File("mcpgovern.json"),
        JsonSerializer.Serialize(new { policy = new { @default = "allow" }, mcpServers = new Dictionary<string, object> { ["fake"] = server } }));

    public static UpstreamConfig Read(TempFolder folder, object server, IReadOnlyDictionary<string, string>? environment = null)
    {
        var loaded = Load(folder, server, environment);
        Assert.Empty(loaded.Errors);
        return loaded.Settings!.Upstreams.Single();
    }

    /// <summary>A program that counts how often it runs and says what the file holds.</summary>
    public static string Command(TempFolder folder, string says = "token")
    {
        folder.Write($"say-{says}", $"echo run >> runs\necho 'complaint of the keeper' >&2\ncat {says}\n");
        return $"${{cmd:/bin/sh say-{says}}}";
    }
}
