using System.CommandLine;

namespace McpGovern.Cli;

/// <summary>The options that several verbs have, under the names that MCP tools leave free.</summary>
internal static class SharedOptions
{
    public static readonly Option<string?>
        Settings = new("--settings") { Description = "The settings file (default: mcpgovern.yaml here, then in the user's configuration folder)", HelpName = "FILE" },
        As = new("--as") { Description = "Whom this launch speaks for (default: agent:stdio@ and the operating-system user)", HelpName = "NAME" },
        Store = new("--store") { Description = "The store, instead of the settings': sqlite:PATH, a postgres:// URL or an Npgsql connection string", HelpName = "STORE" },
        Hold = new("--hold") { Description = "How long a parked call's answer waits for its decision, such as 8s; at most 55s", HelpName = "TIME" },
        Listen = new("--listen") { Description = "Where to listen, such as http://127.0.0.1:7700", HelpName = "URL" },
        Server = new("--server") { Description = "Ask a running server over REST, with the key in MCPGOVERN_KEY, instead of opening the store", HelpName = "URL" };

    public static readonly Option<bool> Json = new("--json") { Description = "Print JSON" };

    /// <summary>The flags that stand for keys of the settings.</summary>
    public static IReadOnlyDictionary<string, string> Flags(ParseResult parsed) =>
        new[] { ("store", Store), ("hold", Hold), ("listen", Listen) }
            .Where(flag => parsed.CommandResult.Command.Options.Contains(flag.Item2) && parsed.GetValue(flag.Item2) is not null)
            .ToDictionary(flag => flag.Item1, flag => parsed.GetValue(flag.Item2)!);
}
