using System.Text;

namespace McpGovern.Settings;

/// <summary>The top-level keys, each from the strongest place that gives it: flag, environment, file.</summary>
internal sealed class SettingKeys
{
    private static readonly string[] Known =
    [
        "version", "name", "store", "policies", "policy", "hold", "listen", "public_url", "legacy_sse", "insecure_http", "mcpServers", "servers", "actors",
        "caps", "call_timeout", "retention", "tokens", "pins",
    ];

    private static readonly string[] Structured = ["policies", "policy", "mcpServers", "servers", "actors", "caps", "tokens"];
    private const string Prefix = "MCPGOVERN_";

    private readonly Faults faults;
    private readonly string workingDirectory;
    private readonly Dictionary<string, (Member Member, Faults Faults, bool FromFlag)> values = new(StringComparer.Ordinal);

    public SettingKeys(
        MapNode root, string? file, Faults faults, SettingsSources sources, IReadOnlyDictionary<string, string> flags)
    {
        SettingsFile = file;
        Directory = Path.GetDirectoryName(file) ?? sources.WorkingDirectory;
        (this.faults, workingDirectory, Environment) = (faults, sources.WorkingDirectory, sources.Environment);
        // VS Code keeps its prompts beside `servers`; they belong to the client.
        _ = new Fields(root with { Members = [.. root.Members.Where(m => m.Key != "inputs")] }, faults, Known);
        foreach (var member in root.Members)
            values[member.Key] = (member, faults, false);
        foreach (var (variable, text) in sources.Environment.Where(e => IsOverride(e.Key)))
        {
            var name = variable[Prefix.Length..];
            if (Known.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } key)
                Override(key, text, variable, fromFlag: false);
            else
                faults.AddFrom([], [new(variable, 0, "no setting has this name, and it is ignored", Spelling.Cure(name, Known))]);
        }
        if (flags.Keys.Except(Known).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"no setting is called '{unknown}'", nameof(flags));
        foreach (var (key, text) in flags)
            Override(key, text, $"--{key.Replace('_', '-')}", fromFlag: true);
    }

    public string? SettingsFile { get; }

    /// <summary>The settings file's folder.</summary>
    public string Directory { get; }

    public IReadOnlyDictionary<string, string> Environment { get; }

    public bool Has(string key) => values.ContainsKey(key);

    public bool IsFromFile(string key) => values.TryGetValue(key, out var value) && value.Faults == faults;

    public Node? Node(string key) => values.TryGetValue(key, out var value) ? value.Member.Value : null;

    public int LineOf(string key) => values.TryGetValue(key, out var value) ? value.Member.Line : 0;

    /// <summary>The faults of the place that gives this key.</summary>
    public Faults Faults(string key) => values.TryGetValue(key, out var value) ? value.Faults : faults;

    /// <summary>A reader for this key alone.</summary>
    public Fields Fields(string key) =>
        values.TryGetValue(key, out var value)
            ? new(new MapNode([value.Member], value.Member.Line, 0), value.Faults, key)
            : new(new MapNode([], 0, 0), faults);

    /// <summary>Files name paths from their own folder, people at a command line from where they stand.</summary>
    public string Resolve(string key, string path) =>
        Path.GetFullPath(path, values.TryGetValue(key, out var value) && value.FromFlag ? workingDirectory : Directory);

    public string? Expand(string text, int line, Faults into) => Variables.Expand(text, line, Environment, Directory, into);

    // MCPGOVERN_KEY is a caller's credential, MCPGOVERN_TEST_* are the test suite's.
    private static bool IsOverride(string variable) =>
        variable.StartsWith(Prefix, StringComparison.Ordinal)
        && variable != "MCPGOVERN_KEY" && !variable.StartsWith("MCPGOVERN_TEST_", StringComparison.Ordinal);

    private void Override(string key, string text, string place, bool fromFlag)
    {
        var at = faults.At(place);
        Node? node = new ScalarNode(text, Plain: true, 0, 0);
        if (key == "policies" && !text.TrimStart().StartsWith('['))
        {
            var files = text.Split(',', StringSplitOptions.TrimEntries).Select(p => new ScalarNode(p, Plain: false, 0, 0));
            node = new ListNode([.. files], 0, 0);
        }
        else if (Structured.Contains(key))
            node = DocumentReader.Read(Encoding.UTF8.GetBytes(text), at);
        if (node is not null)
            values[key] = (new(key, 0, node), at, fromFlag);
    }
}
