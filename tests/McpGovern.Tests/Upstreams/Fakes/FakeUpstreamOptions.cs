using McpGovern.Tests.Processes;
using McpGovern.Upstreams;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>How a <see cref="FakeUpstream"/> behaves from its start; what single calls do is chosen by the tool that is called.</summary>
internal sealed record FakeUpstreamOptions
{
    /// <summary><c>--ledger FILE</c>: one line <c>tool arguments</c> for each call that really ran.</summary>
    public string? Ledger { get; private set; }

    /// <summary><c>--log FILE</c>: one line for each start (<c>start PID</c>), method received and cancellation (<c>cancelled ID</c>).</summary>
    public string? Log { get; private set; }

    /// <summary><c>--pages N</c>: the tool list in pages of N.</summary>
    public int PageSize { get; private set; } = int.MaxValue;

    /// <summary><c>--silent-probe</c>: no answer to <c>server/discover</c>, as old servers do.</summary>
    public bool SilentProbe { get; private set; }

    /// <summary><c>--die-at-probe</c>: exits at a method it does not know.</summary>
    public bool DieAtProbe { get; private set; }

    /// <summary><c>--modern</c>: speaks 2026-07-28, without <c>initialize</c>.</summary>
    public bool Modern { get; private set; }

    /// <summary><c>--noise</c>: writes lines that are no messages, to stdout and stderr.</summary>
    public bool Noise { get; private set; }

    /// <summary><c>--ignore-end</c>: neither the end of stdin nor SIGTERM ends it.</summary>
    public bool IgnoreEnd { get; private set; }

    /// <summary><c>--exit CODE</c>: ends at once with that code and a last word on stderr.</summary>
    public int? Exit { get; private set; }

    /// <summary><c>--start-delay MS</c>.</summary>
    public int StartDelay { get; private set; }

    /// <summary><c>--away FILE</c>: cannot start while there is such a file.</summary>
    public string? Away { get; private set; }

    /// <summary><c>--describe FILE</c>: what all tools say of themselves, read at each list; as ever while there is no such file.</summary>
    public string? Describe { get; private set; }

    /// <summary><c>--define FILE</c>: more tools, one definition in a line of the file, read at each list.</summary>
    public string? Define { get; private set; }

    /// <summary><c>--logs</c>: declares that it logs.</summary>
    public bool Logs { get; private set; }

    /// <summary><c>--listens</c>: lets a client of the stateless revision listen for changes.</summary>
    public bool Listens { get; private set; }

    /// <summary><c>--extra NAME</c>: one more tool, of that name.</summary>
    public IReadOnlyList<string> Extra { get; private set; } = [];

    /// <summary><c>--offers NAME</c>: has resources and prompts too, see <see cref="FakeOffers"/>, and the tool <c>notify</c> to tell of their changes.</summary>
    public string? Offers { get; private set; }

    public static FakeUpstreamOptions Parse(string[] args)
    {
        var options = new FakeUpstreamOptions();
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--ledger": options.Ledger = args[++i]; break;
                case "--log": options.Log = args[++i]; break;
                case "--pages": options.PageSize = int.Parse(args[++i], null); break;
                case "--silent-probe": options.SilentProbe = true; break;
                case "--die-at-probe": options.DieAtProbe = true; break;
                case "--modern": options.Modern = true; break;
                case "--logs": options.Logs = true; break;
                case "--listens": options.Listens = true; break;
                case "--noise": options.Noise = true; break;
                case "--ignore-end": options.IgnoreEnd = true; break;
                case "--exit": options.Exit = int.Parse(args[++i], null); break;
                case "--away": options.Away = args[++i]; break;
                case "--describe": options.Describe = args[++i]; break;
                case "--define": options.Define = args[++i]; break;
                case "--extra": options.Extra = [.. options.Extra, args[++i]]; break;
                case "--offers": (options.Offers, options.Extra) = (args[++i], [.. options.Extra, "notify"]); break;
                case "--start-delay": options.StartDelay = int.Parse(args[++i], null); break;
                default: throw new ArgumentException($"unknown option {args[i]}");
            }
        }

        return options;
    }

    /// <summary>The command line that starts a fake upstream.</summary>
    public static (string Command, string[] Args) CommandLine(params string[] options) => ChildRole.CommandLine("fake-upstream", options);

    public static UpstreamConfig Config(string name, params string[] options)
    {
        var (command, args) = CommandLine(options);
        return new UpstreamConfig(
            name, name, "stdio", command, args, new Dictionary<string, string>(), Path.GetTempPath(), null, new Dictionary<string, string>());
    }
}
