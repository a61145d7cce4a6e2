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

    public static readonly Option<bool>
        Json = new("--json") { Description = "Print JSON" },
        LegacySse = new("--legacy-sse") { Description = "Also serve the HTTP+SSE transport of 2024-11-05, at /sse and /message, for clients that know no other" },
        InsecureHttp = new("--insecure-http") { Description = "Listen beyond loopback without TLS, where the network itself is safe" };

    /// <summary>The flags that stand for keys of the settings.</summary>
    public static IReadOnlyDictionary<string, string> Flags(ParseResult parsed) =>
        new (string Key, string? Value)[]
        {
            ("store", Given(parsed, Store)), ("hold", Given(parsed, Hold)), ("listen", Given(parsed, Listen)),
            ("legacy_sse", Given(parsed, LegacySse) ? "true" : null), ("insecure_http", Given(parsed, InsecureHttp) ? "true" : null),
        }
        .Where(flag => flag.Value is not null).ToDictionary(flag => flag.Key, flag => flag.Value!);

    private static T? Given<T>(ParseResult parsed, Option<T> option) =>
        parsed.CommandResult.Command.Options.Contains(option) ? parsed.GetValue(option) : default;
}
