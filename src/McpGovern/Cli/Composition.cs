using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Settings;
using McpGovern.Storage;
using McpGovern.Upstreams;

namespace McpGovern.Cli;

/// <summary>Turns settings into what the verbs work with.</summary>
internal static class Composition
{
    /// <summary>For verbs that only look and decide: any store can be opened without a settings file.</summary>
    private const string NoPolicy = "{ default: deny }";

    /// <summary>Loads the settings, and prints every fault and warning to stderr.</summary>
    /// <returns><c>null</c> where there are faults: nothing starts, and the exit code is 2.</returns>
    public static GovernSettings? Load(string? path, IReadOnlyDictionary<string, string> flags, bool settingsNeeded)
    {
        var sources = SettingsSources.OfProcess();
        if (!settingsNeeded && path is null && sources.Discover() is null)
        {
            flags = new Dictionary<string, string>(flags) { ["policy"] = NoPolicy };
        }

        return Report(SettingsLoad.Load(sources, path, flags));
    }

    /// <summary>Prints every fault and warning to stderr.</summary>
    public static GovernSettings? Report(SettingsResult result)
    {
        foreach (var warning in result.Warnings)
        {
            Console.Error.WriteLine($"warning: {warning}");
        }

        foreach (var error in result.Errors)
        {
            Console.Error.WriteLine(error);
        }

        return result.Settings;
    }

    public static ILoggerFactory Logs(LogLevel level) => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(level)
        .AddFilter("Microsoft", LogLevel.Warning)
        // It warns that the keys of logins are not encrypted, as they are in the store beside all that they protect; what it cannot read or
        // write becomes a page's own failure, which is logged there.
        .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Critical)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
        })
        .Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));

    public static Gateway Gateway(GovernSettings settings, ILoggerFactory logs)
    {
        var time = TimeProvider.System;
        var caps = settings.Caps;
        var options = new GatewayOptions(settings.Scope, settings.Hold, settings.CallTimeout, settings.Retention,
            new CallLimits(caps.PendingPerActor, caps.ArgumentsBytes, caps.GatedArgumentsBytes), caps.ResultBytes)
        {
            PublicUrl = settings.PublicUrl is { } url ? HttpOptions.Root(new Uri(url)) : null,
            Pins = settings.Pins,
        };
        return new Gateway(
            CallStores.Open(settings.Store, time, logs),
            new PolicySource(settings.Policy, settings.PolicyInputs, time),
            new UpstreamSet(settings.Upstreams, new UpstreamLimits(), time, logs),
            options, time, logs);
    }

    public static IReadOnlyList<ActorEntry> Actors(GovernSettings settings) =>
        [.. settings.Actors.Select(actor => new ActorEntry(actor.Id, RolesOf(actor), actor.Groups, actor.Key))];

    /// <summary>A message is its arguments and little more.</summary>
    public static int MaxMessageBytes(GovernSettings settings) =>
        (int)Math.Min(int.MaxValue, Math.Max(settings.Caps.ArgumentsBytes, settings.Caps.GatedArgumentsBytes) + (64 << 10));

    public static HttpOptions Http(GovernSettings settings) => new(settings.Listen, Actors(settings),
        LocalKeys.PathFor(settings.IsSqlite ? StoreText.SqlitePath(settings.Store) : null), Environment.UserName)
    {
        PublicUrl = settings.PublicUrl is { } url ? new Uri(url) : null,
        MaxMessageBytes = MaxMessageBytes(settings),
        LegacySse = settings.LegacySse,
        InsecureHttp = settings.InsecureHttp,
        Limits = new(settings.Caps.SessionsPerActor, settings.Caps.RequestsPerActor, settings.Caps.StreamsPerActor),
    };

    /// <summary>Who may come in over HTTP: keys of the settings' actors (without actors the two local ones), keys in the store, and tokens.</summary>
    /// <exception cref="IOException">The local keys cannot be made or read.</exception>
    public static async Task<Authenticator> AuthenticatorAsync(HttpOptions options, GovernSettings settings, Gateway gateway, ILoggerFactory logs, CancellationToken ct)
    {
        var entries = options.Actors.Count > 0 ? options.Actors : await LocalEntriesAsync(options, ct);
        var keys = new List<ICredentials> { new KeyRing(entries), new ApiKeys(gateway.Store, entries, TimeProvider.System) };
        if (settings.Tokens is not { } tokens)
        {
            return new Authenticator(keys);
        }

        var accepted = new TokenSettings(tokens.Issuer, tokens.Audience, tokens.Jwks);
        var signing = new SigningKeys(accepted.Jwks, SigningKeys.Direct(), TimeProvider.System, logs.CreateLogger<SigningKeys>());
        return new Authenticator([.. keys, new WebTokens(accepted, signing, entries)], new ResourceMetadata(accepted));
    }

    /// <summary>Whether somebody can come in whom the settings do not give a key.</summary>
    public static async Task<bool> HasOtherCredentialsAsync(GovernSettings settings, Gateway gateway, CancellationToken ct)
    {
        try
        {
            var made = await new ApiKeys(gateway.Store, [], TimeProvider.System).ListAsync(ct);
            return settings.Tokens is not null || made.Any(key => key.IsLive(TimeProvider.System.GetUtcNow()));
        }
        catch (StoreUnavailableException)
        {
            return settings.Tokens is not null;
        }
    }

    private static async Task<IReadOnlyList<ActorEntry>> LocalEntriesAsync(HttpOptions options, CancellationToken ct)
    {
        var local = await LocalKeys.OpenAsync(options.KeyFile, options.OsUser, ct);
        if (local.AreNew)
        {
            await Console.Error.WriteLineAsync($"Two keys were made, and are kept in {options.KeyFile}:");
            foreach (var entry in local.Entries)
            {
                await Console.Error.WriteLineAsync($"  {entry.Id}: {entry.Key}");
            }
        }

        return local.Entries;
    }

    /// <summary>Whether any rule in force lets an agent decide.</summary>
    public static bool RulesNameAgents(PolicySource policy) =>
        policy.Current.Set.Files.SelectMany(file => file.Lists.Concat(file.Rules)).SelectMany(rule => rule.Terms?.Approvers ?? []).Any(pattern => pattern.StartsWith("agent:", StringComparison.Ordinal));

    /// <summary>Who runs this command: whoever can open the store has all roles, and a rule's approvers still bind.</summary>
    public static Actor CommandLineActor(GovernSettings settings)
    {
        var user = Environment.UserName;
        var name = settings.IsSqlite ? user : $"os:{user}@{Environment.MachineName}";
        var claimed = settings.Actors.FirstOrDefault(actor => actor.OsUser == user);
        return new Actor(claimed?.Id ?? name, settings.IsSqlite ? $"os:{user}" : name, "os")
        {
            Roles = Roles.All,
            Groups = claimed?.Groups ?? [],
            // A model that runs commands has no terminal.
            PresenceProven = !Console.IsInputRedirected && !Console.IsOutputRedirected,
        };
    }

    private static Roles RolesOf(ActorConfig actor) => actor.Roles.Aggregate(Roles.None, (roles, role) => roles | Enum.Parse<Roles>(role, ignoreCase: true));
}
