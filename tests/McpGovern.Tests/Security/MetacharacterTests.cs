using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Security;

/// <summary>What a shell would obey is text: in settings, in names, in arguments. Only the one process that the settings name is started.</summary>
public sealed class MetacharacterTests
{
    private const string Key = "the-key-of-the-agent-0123456789";

    // {0} is a file that would be there afterwards.
    private static readonly string[] Tricks =
    [
        "; touch {0}", "&& touch {0}", "|| touch {0}", "| touch {0}", "& touch {0} &", "$(touch {0})", "`touch {0}`", "\ntouch {0}\n", "\r\ntouch {0}", "'; touch {0} #",
        "\"; touch {0} #", "$IFS;touch$IFS{0}", "<(touch {0})", "> {0}", ">> {0}", "2> {0}", "--exec=touch {0}", "-c touch {0}", "a\u0001;touch {0}", "{{touch,{0}}}",
    ];

    [SkippableFact]
    [Trait("attack", "S30")]
    public async Task Metacharacters_InSettingsNamesAndArguments_StartNothing()
    {
        Requirement.SkipUnless(Directory.Exists("/proc/self"), "children are counted in /proc");
        using var folder = new TempFolder();
        var inputs = Enumerable.Range(0, 200)
            .Select(n => string.Format(CultureInfo.InvariantCulture, Tricks[n % Tricks.Length], folder.File($"pwned{n}"))).ToArray();
        var used = 0;
        T Used<T>(T input)
        {
            used++;
            return input;
        }

        var (command, args) = FakeUpstreamOptions.CommandLine(["--ledger", folder.File("ledger"), .. inputs[..60].SelectMany(input => (string[])["--extra", Used(input)])]);
        var settings = folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = $"sqlite:{folder.File("calls.db")}",
            policy = new { @default = "allow" },
            mcpServers = new { fake = new { command, args, env = inputs[60..100].Select((value, n) => (value, n)).ToDictionary(v => $"TRICK_{v.n}", v => Used(v.value).Replace("$", "$$", StringComparison.Ordinal)) } },
            actors = new[] { new { id = "agent:coder", roles = new[] { "caller" }, key = Key } },
        });
        await using var serving = await GovernProcess.ServeAsync(settings);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        for (var n = 100; n < 200; n++)
        {
            var (input, name) = (JsonSerializer.Serialize(Used(inputs[n])), n % 2 == 0 ? JsonSerializer.Serialize(inputs[n]) : "\"echo\"");
            var body = ModernClient.Body("tools/call", $"\"name\":{name},\"arguments\":{{\"x\":{input},{input}:1}},");
            var (status, _) = await ModernClient.AskAsync(http, ModernClient.Post(serving.McpEndpoint, Key, body, n % 2 == 0 ? null : "echo"));
            Assert.True(status is 200 or 400, $"{status}");
        }

        Assert.Equal((200, 200), (used, inputs.Distinct().Count()));
        Assert.Equal(50, File.ReadAllLines(folder.File("ledger")).Count(line => line.StartsWith("echo ", StringComparison.Ordinal)));
        Assert.Empty(Directory.GetFiles(folder.Path, "pwned*"));
        var children = ChildrenOf(serving.Process.Id);
        // Our own watchdog is a shell whose text is always the same.
        var watchdogs = children.Where(child => CommandLineOf(child)[^1] == "mcpgovern-watchdog").ToArray();
        Assert.All(watchdogs, child => Assert.DoesNotContain("touch", string.Concat(CommandLineOf(child)), StringComparison.Ordinal));
        var upstreams = children.Except(watchdogs).ToArray();
        Assert.Single(upstreams);
        Assert.All(upstreams, child => Assert.Equal([Path.GetFileName(command), .. args], CommandLineOf(child)));
        Assert.All(children, child => Assert.Empty(ChildrenOf(child)));
    }

    private static int[] ChildrenOf(int pid) =>
        [.. Process.GetProcesses().Select(process => process.Id).Where(id => ParentOf(id) == pid)];

    private static string[] CommandLineOf(int pid)
    {
        var words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0')[..^1];
        return [Path.GetFileName(words[0]), .. words[1..]];
    }

    private static int ParentOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }
}
