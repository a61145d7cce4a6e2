namespace McpGovern.Settings;

/// <summary>Where settings can come from: folders and environment, taken once so that tests can give others.</summary>
internal sealed record SettingsSources(
    string WorkingDirectory, string ConfigFolder, string DataFolder, IReadOnlyDictionary<string, string> Environment)
{
    private static readonly string[]
        FileNames = ["mcpgovern.yaml", "mcpgovern.yml", "mcpgovern.json"],
        PolicyNames = ["mcpgovern-policy.yaml", "mcpgovern-policy.yml", "mcpgovern-policy.json"];

    public static SettingsSources OfProcess()
    {
        var comparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var environment = new Dictionary<string, string>(comparer);
        foreach (System.Collections.DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            environment[(string)entry.Key] = (string?)entry.Value ?? "";
        return From(Directory.GetCurrentDirectory(), environment, OperatingSystem.IsWindows());
    }

    internal static SettingsSources From(string workingDirectory, IReadOnlyDictionary<string, string> environment, bool windows)
    {
        var home = environment.GetValueOrDefault("HOME") ?? System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        return new(
            workingDirectory,
            Folder(windows ? "APPDATA" : "XDG_CONFIG_HOME", Path.Combine(home, ".config")),
            Folder(windows ? "LOCALAPPDATA" : "XDG_DATA_HOME", Path.Combine(home, ".local", "share")),
            environment);

        // The XDG rules: a relative path there is to be ignored.
        string Folder(string variable, string otherwise) => Path.Combine(
            environment.GetValueOrDefault(variable) is { } folder && Path.IsPathFullyQualified(folder) ? folder : otherwise, "mcpgovern");
    }

    /// <summary>The settings file that is used when none is named; null when there is none.</summary>
    public string? Discover() => First(FileNames);

    /// <summary>The policy that is used where there are no settings to name one; null when there is none.</summary>
    public string? DiscoverPolicy() => First(PolicyNames);

    private string? First(string[] names) => (
        from folder in new[] { WorkingDirectory, ConfigFolder }
        from name in names
        let path = Path.Combine(folder, name)
        where File.Exists(path)
        select path).FirstOrDefault();
}
