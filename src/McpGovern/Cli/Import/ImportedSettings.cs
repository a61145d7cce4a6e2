using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>The settings that take a client's servers over: their block verbatim, and a policy to begin with.</summary>
internal static class ImportedSettings
{
    // What servers name their reading tools; a name is a server's own word, so this is for somebody to look through.
    private static readonly string[] Reading = ["get_*", "list_*", "read_*", "search_*"];

    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, MaxDepth = 256 };

    /// <summary>Null, and faults, where the settings would not be what the client had, or nothing would start with them.</summary>
    public static string? Make(ClientFile client, string path, SettingsSources sources, Faults faults)
    {
        var text = Text(client, client.Block);
        var needed = Variables.Needed(client.Block).ToArray();
        foreach (var name in needed.Where(name => !sources.Environment.ContainsKey(name)))
        {
            faults.Warn(0, $"the variable {name} is not set here, and McpGovern does not start without it", "see that the client has it set");
        }

        // The client's own environment is not known here, and this shell's overrides are not the client's.
        var there = needed.ToDictionary(name => name, name => sources.Environment.GetValueOrDefault(name, "set"));
        var loaded = SettingsLoad.LoadText(sources with { Environment = there }, path, text);
        faults.AddFrom(loaded.Errors.Select(InTheClientsFile), loaded.Warnings.Select(InTheClientsFile));
        if (faults.Errors.Count == 0 && !IsVerbatim(client, text))
        {
            faults.Error(0, "the servers cannot be carried over unchanged", "write the settings by hand");
        }

        return faults.Errors.Count == 0 ? text : null;

        // The settings are not there yet: what is wrong has to be put right where it stands now.
        Diagnostic InTheClientsFile(Diagnostic found) =>
            found.File == path && found.Line - Head(client).Count('\n') is > 0 and var line ? found with { File = client.Path, Line = client.Line + line - 1 } : found;
    }

    /// <summary>The settings around this block of servers.</summary>
    public static string Text(ClientFile client, string block) => $"{Head(client)}{block.ReplaceLineEndings("\n")}\n";

    private static string Head(ClientFile client)
    {
        var allowed = client.Servers.SelectMany(server => Reading.Select(tool => $"\"{ToolName.GovernedServer(server)}.{tool}\""));
        return $$"""
            # Made by mcpgovern import from {{Printed.Line(client.Path)}}
            version: 1
            policy:
              # To begin with, whatever is not named here waits for a person. Look through the names, and add what your agents need.
              default: require_approval
              allow:
                - {{string.Join("\n    - ", allowed)}}
            {{client.Key}}:{{" "}}
            """.ReplaceLineEndings("\n");
    }

    /// <summary>YAML reads nearly all JSON as it is meant; here it is seen to.</summary>
    private static bool IsVerbatim(ClientFile client, string text) =>
        DocumentReader.Read(Encoding.UTF8.GetBytes(text), new Faults("")) is MapNode root
        && root.Find(client.Key) is { } block
        && JsonNode.DeepEquals(JsonNode.Parse(block.Value.ToJson()), JsonNode.Parse(client.Block, documentOptions: Lenient));
}
