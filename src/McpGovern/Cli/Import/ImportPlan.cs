using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>All that an import writes, made before anything is written.</summary>
/// <param name="Entry">The client's new block of servers.</param>
internal sealed record ImportPlan(ClientFile Client, string SettingsPath, string Settings, string Entry)
{
    public const string EntryName = "mcpgovern";

    /// <summary>Null, and faults, where it is not to be done.</summary>
    public static ImportPlan? Make(ClientFile client, string to, SettingsSources sources, Faults faults)
    {
        if (client.Servers.Count == 0)
        {
            faults.Error(0, "it has no servers", "there is nothing to import");
        }
        else if (client.Servers.Contains(EntryName))
        {
            faults.Error(0, $"it has a server '{EntryName}' already, and McpGovern would stand before itself", "undo the earlier import with --undo, or rename it");
        }

        if (File.Exists(BackupOf(client.Path)))
        {
            faults.Error(0, $"there is a backup of an earlier import, {BackupOf(client.Path)}", "undo that with --undo, or move it away");
        }

        if (Path.GetExtension(to) is not (".yaml" or ".yml"))
        {
            faults.Error(0, $"{to} is no name of a YAML file", "write --to mcpgovern.yaml");
        }
        else if (File.Exists(to))
        {
            faults.Error(0, $"{to} exists, and is not written over", "name another with --to, or move it away");
        }

        return faults.Errors.Count == 0 && ImportedSettings.Make(client, to, sources, faults) is { } settings
            ? new(client, to, settings, EntryFor(client, to))
            : null;
    }

    public static string BackupOf(string path) => $"{path}.before-mcpgovern";

    /// <summary>What would be written, less what is nobody's business who looks over a shoulder or reads a log.</summary>
    public string Diff() =>
        TextDiff.Of("/dev/null", "", SettingsPath, ImportedSettings.Text(Client, SecretMask.Of(Client.Block)))
        + TextDiff.Of(Client.Path, Client.Shown(), Client.Path, Client.Shown(Entry));

    /// <summary>Settings and backup first: at every moment the client has a file that works.</summary>
    /// <exception cref="IOException">Something cannot be written; nothing is left of what was.</exception>
    public void Write()
    {
        var made = new Stack<string>();
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(SettingsPath)!);
            PrivateFile.Create(SettingsPath, Encoding.UTF8.GetBytes(Settings));
            made.Push(SettingsPath);
            PrivateFile.Create(BackupOf(Client.Path), Client.Bytes);
            made.Push(BackupOf(Client.Path));
            if (!File.ReadAllBytes(Client.Path).AsSpan().SequenceEqual(Client.Bytes))
            {
                throw new IOException($"{Client.Path} was changed meanwhile; close the client and try again");
            }

            PrivateFile.Replace(Client.Path, Client.With(Entry));
        }
        catch
        {
            foreach (var file in made)
            {
                File.Delete(file);
            }

            throw;
        }
    }

    private static string EntryFor(ClientFile client, string settings)
    {
        var (program, args) = OwnCommand.LineToKeep("stdio", "--settings", settings);
        var server = new JsonObject { ["command"] = program, ["args"] = new JsonArray([.. args.Select(arg => JsonValue.Create(arg))]) };
        if (client.Key == "servers")
        {
            server.Insert(0, "type", "stdio");
        }

        var newLine = client.Block.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var format = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        if (client.Indent is { } indent)
        {
            (format.WriteIndented, format.NewLine) = (true, newLine);
            (format.IndentCharacter, format.IndentSize) = indent.Contains('\t', StringComparison.Ordinal) ? ('\t', 1) : (' ', Math.Min(indent.Length, 8));
        }

        return new JsonObject { [EntryName] = server }.ToJsonString(format).ReplaceLineEndings($"{newLine}{client.Indent}");
    }
}
