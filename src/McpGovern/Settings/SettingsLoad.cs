using System.Text;
using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Settings;

/// <summary>Settings, or why there are none; warnings come with both.</summary>
internal sealed record SettingsResult(GovernSettings? Settings, IReadOnlyList<Diagnostic> Errors, IReadOnlyList<Diagnostic> Warnings);

/// <summary>Loads settings: file, then environment, then flags, each over the one before.</summary>
internal static class SettingsLoad
{
    private static readonly TimeSpan MostHold = TimeSpan.FromSeconds(55);
    private static readonly MapNode Nothing = new([], 0, 0);

    /// <param name="sources">Folders and environment.</param>
    /// <param name="path">The file named by <c>--settings</c>, or null to look for one.</param>
    /// <param name="flags">Values of flags by the name of their key, such as <c>hold</c>.</param>
    public static SettingsResult Load(SettingsSources sources, string? path = null, IReadOnlyDictionary<string, string>? flags = null)
    {
        var file = path is not null ? Path.GetFullPath(path, sources.WorkingDirectory) : sources.Discover();
        var shown = file is null ? "mcpgovern.yaml" : path ?? Shown(file, sources.WorkingDirectory);
        var faults = new Faults(shown);
        return Load(sources, file, file is null ? Nothing : DocumentReader.ReadFile(file, faults), faults, flags ?? new Dictionary<string, string>());
    }

    /// <summary>Environment and flags alone, wherever there may be a settings file.</summary>
    public static SettingsResult LoadWithoutFile(SettingsSources sources, IReadOnlyDictionary<string, string> flags) =>
        Load(sources, null, Nothing, new Faults("settings"), flags);

    /// <summary>Settings that are not in their file yet.</summary>
    public static SettingsResult LoadText(SettingsSources sources, string file, string text)
    {
        var faults = new Faults(file);
        return Load(sources, file, DocumentReader.Read(Encoding.UTF8.GetBytes(text), faults), faults, new Dictionary<string, string>());
    }

    /// <summary>The address alone, for who wants to find the server and not to be one; null, and faults, where that is unclear.</summary>
    public static (Uri? Listen, Faults Faults) LoadListen(SettingsSources sources, string? path, IReadOnlyDictionary<string, string> flags)
    {
        var file = path is not null ? Path.GetFullPath(path, sources.WorkingDirectory) : sources.Discover();
        var faults = new Faults(path ?? file ?? "settings");
        var keys = (file is null ? Nothing : DocumentReader.ReadFile(file, faults)) is MapNode root ? new SettingKeys(root, file, faults, sources, flags) : null;
        var listen = keys is null ? null : ReadListen(keys);
        return (faults.Errors.Count == 0 ? listen : null, faults);
    }

    private static SettingsResult Load(SettingsSources sources, string? file, Node? node, Faults faults, IReadOnlyDictionary<string, string> flags)
    {
        if (node is not (null or MapNode))
            faults.Error(node, $"settings cannot be {node.Kind}", "write keys such as 'version: 1'");
        if (node is not MapNode root)
            return new(null, faults.Errors, faults.Warnings);

        var keys = new SettingKeys(root, file, faults, sources, flags);
        if (file is null && !keys.Has("policies") && !keys.Has("policy"))
            faults.Error(0, $"there is no settings file in {sources.WorkingDirectory} or {sources.ConfigFolder}",
                "create one, or name one with --settings");
        else if (Read(keys, sources, file) is { } settings && faults.Errors.Count == 0)
            return new(settings, [], faults.Warnings);
        return new(null, faults.Errors, faults.Warnings);
    }

    private static GovernSettings? Read(SettingKeys keys, SettingsSources sources, string? file)
    {
        keys.Fields("version").Word("version", "1");
        var name = keys.Fields("name").Text("name");
        var store = StoreText.Read(keys, sources.DataFolder);
        var hold = keys.Fields("hold").Time("hold")?.Value ?? TimeSpan.FromSeconds(8);
        if (hold > MostHold)
            keys.Faults("hold").Error(keys.LineOf("hold"), "'hold' is longer than clients wait", "write at most 55s");
        var policy = PolicySettings.Read(keys);
        var upstreams = UpstreamReader.Read(keys);
        var actors = ActorReader.Read(keys);
        var listen = ReadListen(keys);
        var publicUrl = ReadUrl(keys, "public_url", "http", "https");
        var legacySse = keys.Fields("legacy_sse").Flag("legacy_sse") ?? false;
        var insecureHttp = keys.Fields("insecure_http").Flag("insecure_http") ?? false;
        var tokens = TokensReader.Read(keys, publicUrl);
        var pins = ReadPins(keys);
        var caps = ReadCaps(keys);
        var callTimeout = AboveZero(keys, "call_timeout", TimeSpan.FromMinutes(10));
        var retention = AboveZero(keys, "retention", TimeSpan.FromDays(30));
        return policy is null || store is null ? null : new(
            file, keys.Directory, name, store, hold, listen, policy.Value.Set, policy.Value.Inputs, upstreams, actors, caps,
            callTimeout, retention, name ?? (StoreText.IsSqlite(store) ? file ?? keys.Directory : "default"),
            publicUrl?.ToString().TrimEnd('/'))
        {
            LegacySse = legacySse,
            InsecureHttp = insecureHttp,
            Tokens = tokens,
            Pins = pins,
        };
    }

    private static TimeSpan AboveZero(SettingKeys keys, string key, TimeSpan usual)
    {
        if (keys.Fields(key).Time(key) is not { Value: { } time })
            return usual;
        if (time == TimeSpan.Zero)
            keys.Faults(key).Error(keys.LineOf(key), $"'{key}' is 0", "write a time above 0s");
        return time;
    }

    private static Uri ReadListen(SettingKeys keys) => ReadUrl(keys, "listen", "http") ?? new Uri("http://127.0.0.1:7700");

    private static Uri? ReadUrl(SettingKeys keys, string key, params string[] schemes)
    {
        if (keys.Fields(key).Text(key, "write an address such as http://127.0.0.1:7700") is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme) && url.UserInfo.Length == 0
            && url.Query.Length == 0 && (key == "public_url" || url.AbsolutePath == "/"))
            return url;
        keys.Faults(key).Error(keys.LineOf(key), $"'{key}' is '{text}', which is no {Spelling.Choice(schemes)} address",
            "write one such as http://127.0.0.1:7700");
        return null;
    }

    private static PinEffect ReadPins(SettingKeys keys) => keys.Fields("pins").Word("pins", "approve", "withdraw", "off") switch
    {
        "withdraw" => PinEffect.Withdraw,
        "off" => PinEffect.Off,
        _ => PinEffect.Approve,
    };

    private static Caps ReadCaps(SettingKeys keys)
    {
        var usual = Caps.Default;
        if (keys.Fields("caps").Block("caps", "write a block such as { arguments: 8MiB }") is not { } block)
            return usual;
        var fields = new Fields(block, keys.Faults("caps").Within("caps"), "pending_per_actor", "arguments", "gated_arguments", "result",
            "sessions_per_actor", "requests_per_actor", "streams_per_actor");
        return new(
            fields.Number("pending_per_actor", 1, 1_000_000) ?? usual.PendingPerActor, fields.Size("arguments") ?? usual.ArgumentsBytes,
            fields.Size("gated_arguments") ?? usual.GatedArgumentsBytes, fields.Size("result") ?? usual.ResultBytes)
        {
            SessionsPerActor = fields.Number("sessions_per_actor", 1, 1_000) ?? usual.SessionsPerActor,
            RequestsPerActor = fields.Number("requests_per_actor", 1, 100_000) ?? usual.RequestsPerActor,
            StreamsPerActor = fields.Number("streams_per_actor", 1, 100_000) ?? usual.StreamsPerActor,
        };
    }

    private static string Shown(string file, string workingDirectory) =>
        Path.GetDirectoryName(file) == workingDirectory ? Path.GetFileName(file) : file;
}
