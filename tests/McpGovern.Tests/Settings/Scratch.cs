using McpGovern.Settings;

namespace McpGovern.Tests.Settings;

/// <summary>A folder of its own for one test, with everything that settings look at.</summary>
internal sealed class Scratch : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("mcpgovern-settings-").FullName;

    public Dictionary<string, string> Environment { get; } = new() { ["HOME"] = "/home/nobody" };

    public string Write(string name, string content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public SettingsSources Sources(string? workingDirectory = null) => new(
        workingDirectory ?? Folder, Path.Combine(Folder, "config"), Path.Combine(Folder, "data"), Environment);

    public SettingsResult Load(string yaml, params (string Key, string Value)[] flags)
    {
        Write("mcpgovern.yaml", yaml);
        return SettingsLoad.Load(Sources(), null, flags.ToDictionary(f => f.Key, f => f.Value));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
