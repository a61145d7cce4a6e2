using System.Text.Json;
using System.Text.RegularExpressions;
using McpGovern.Cli;
using McpGovern.Policy;
using McpGovern.Settings;
using McpGovern.Tests.Packaging;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.House;

/// <summary>The README's examples are true: files load, commands parse, and the demo plays.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    public static TheoryData<string> Settings => [.. Blocks("yaml").Where(block => block.StartsWith("# mcpgovern.yaml", StringComparison.Ordinal))];

    public static TheoryData<string> Policies => [.. Blocks("yaml").Where(block => block.StartsWith("# policies/", StringComparison.Ordinal))];

    public static TheoryData<string> Clients => [.. Blocks("json")];

    public static TheoryData<string> Commands =>
        [.. Blocks("sh").SelectMany(block => block.Split('\n')).Where(line => line.StartsWith("mcpgovern ", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Settings))]
    public void Settings_InTheReadme_LoadWithoutAFault(string yaml)
    {
        using var folder = new TempFolder();
        File.WriteAllText(Path.Combine(folder.Path, "mcpgovern.yaml"), yaml);
        Directory.CreateDirectory(Path.Combine(folder.Path, "policies"));
        File.Copy(Path.Combine(Repository.Root, "policies", "payments.yaml"), Path.Combine(folder.Path, "policies", "payments.yaml"));
        var environment = new Dictionary<string, string> { ["PAYMENTS_TOKEN"] = "t", ["CODER_KEY"] = "coder-key-1234567890", ["ALICE_KEY"] = "alice-key-1234567890" };

        var result = SettingsLoad.Load(new SettingsSources(folder.Path, folder.Path, folder.Path, environment));

        Assert.Empty(result.Errors);
        Assert.NotEmpty(result.Settings!.Upstreams);
    }

    [Theory, MemberData(nameof(Policies))]
    public void Policies_InTheReadme_PassTheirOwnTests(string yaml)
    {
        using var folder = new TempFolder();
        File.WriteAllText(Path.Combine(folder.Path, "example.yaml"), yaml);

        var output = PolicyCheck.Run(["example.yaml"], folder.Path, json: false);

        Assert.Equal((0, ""), (output.ExitCode, output.Error));
    }

    [Theory, MemberData(nameof(Clients))]
    public void ClientConfigurations_InTheReadme_StartAVerbThatExists(string json)
    {
        using var document = JsonDocument.Parse(json);
        var servers = document.RootElement.TryGetProperty("mcpServers", out var block) ? block : document.RootElement.GetProperty("servers");
        var server = Assert.Single(servers.EnumerateObject()).Value;

        var command = server.GetProperty("command").GetString()!;
        string[] args = [.. server.GetProperty("args").EnumerateArray().Select(a => a.GetString()!)];
        if (command == "dnx")
        {
            Assert.Equal([$"McpGovern@{Yard.Version}", "--yes", "--"], args[..3]);
            args = args[3..];
        }
        else
        {
            Assert.EndsWith("/McpGovern", command, StringComparison.Ordinal);
        }

        Assert.Empty(CommandLine.Root().Parse(args).Errors);
    }

    [Theory, MemberData(nameof(Commands))]
    public void Commands_InTheReadme_Parse(string line) => Assert.Empty(CommandLine.Root().Parse(Words(line)[1..]).Errors);

    [Fact]
    public void Commands_ThatDoNotExist_DoNotParse() => Assert.NotEmpty(CommandLine.Root().Parse(["approvals", "--nonsense"]).Errors);

    [Fact]
    public async Task Demo_PlaysTheWholeStory_AndLeavesNothingBehind()
    {
        using var temp = new TempFolder();
        await using var demo = new ChildProcess("dotnet", [GovernProcess.Dll, "demo"], new Dictionary<string, string?> { ["TMPDIR"] = temp.Path });
        var run = await demo.EndAsync(null);

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("Done: nothing was lost, and nothing ran twice.", run.Output, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(run.Output, "\"payment_id\":\"pay-1001\",\"amount\":1250.00,\"currency\":\"EUR\",\"idempotency_key\":\"call_"));
        Assert.Empty(Directory.GetDirectories(temp.Path, "mcpgovern-demo-*"));
    }

    private static IEnumerable<string> Blocks(string language) =>
        Fence().Matches(Text).Where(match => match.Groups["language"].Value == language).Select(match => Unindent(match.Groups["text"].Value, match.Groups["indent"].Length));

    // As a shell takes them apart.
    private static string[] Words(string line) => [.. Word().Matches(line).Select(match => match.Groups["word"].Value)];

    private static string Unindent(string block, int indent) =>
        string.Join('\n', block.Split('\n').Select(line => line.Length >= indent ? line[indent..] : line.TrimStart()));

    [GeneratedRegex(@"'(?<word>[^']*)'|""(?<word>[^""]*)""|(?<word>\S+)")]
    private static partial Regex Word();

    [GeneratedRegex(@"^(?<indent> *)```(?<language>\w+)\n(?<text>.*?)^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
