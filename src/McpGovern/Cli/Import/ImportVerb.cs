using System.CommandLine;
using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Takes over the servers of a client: they move into settings, and the client gets one entry instead.</summary>
internal static class ImportVerb
{
    private static readonly Option<string?> From = new("--from")
    {
        Description = $"Whose servers: {Spelling.Choice([.. Client.All.Select(client => client.Name)])}, or a file (default: the only client that has any)",
        HelpName = "CLIENT",
    };

    private static readonly Option<string> To = new("--to")
    {
        Description = "The settings file to make, readable by you alone",
        HelpName = "FILE",
        DefaultValueFactory = _ => "mcpgovern.yaml",
    };

    private static readonly Option<bool>
        DryRun = new("--dry-run") { Description = "Show what would be changed, and change nothing" },
        Undo = new("--undo") { Description = "Give the client its servers back from the backup; the settings stay" };

    public static Command Build()
    {
        var command = new Command("import", "Put McpGovern in front of all servers of a client, or take it away again") { From, To, DryRun, Undo };
        command.SetAction(parsed => PolicyVerbs.Print(Run(parsed, SettingsSources.OfProcess())));
        return command;
    }

    private static VerbOutput Run(ParseResult parsed, SettingsSources sources)
    {
        var undo = parsed.GetValue(Undo);
        var faults = new Faults("import");
        var found = ClientSearch.Find(parsed.GetValue(From), sources, undo ? ImportUndo.IsMeant : HasServers, faults);
        if (found is null)
        {
            return VerbOutput.Wrong(faults.Errors);
        }

        faults = new Faults(found.Path);
        try
        {
            return undo
                ? RunUndo(ImportUndo.Make(found, faults), parsed.GetValue(DryRun), faults)
                : RunImport(found, Path.GetFullPath(parsed.GetValue(To)!, sources.WorkingDirectory), parsed.GetValue(DryRun), sources, faults);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new("", $"{Printed.Line(e.Message)}\n", 1);
        }
    }

    private static bool HasServers(ClientPlace place) =>
        File.Exists(place.Path) && ClientFile.Read(place, new Faults(place.Path)) is { Servers.Count: > 0 } file && !file.HasOnly(ImportPlan.EntryName);

    private static VerbOutput RunImport(ClientPlace place, string to, bool dryRun, SettingsSources sources, Faults faults)
    {
        var client = ClientFile.Read(place, faults);
        if (client is null || faults.Errors.Count > 0 || ImportPlan.Make(client, to, sources, faults) is not { } plan)
        {
            return VerbOutput.Wrong(faults.Errors.Concat(faults.Warnings));
        }

        var warnings = VerbOutput.Lines(faults.Warnings.Select(warning => warning with { Problem = $"warning: {warning.Problem}" }));
        if (dryRun)
        {
            return new(plan.Diff(), warnings, 0);
        }

        plan.Write();
        var (path, where, from) = place.Within is [.., var project] ? (place.Path, $" for {project}", place.Client) : (place.Path, "", place.Path);
        return new($"""
            {path} has one entry now{where}; its {(client.Servers.Count == 1 ? "server is" : $"{client.Servers.Count} servers are")} in {to}
            the file as it was: {ImportPlan.BackupOf(path)} (mcpgovern import --undo --from {from} gives it back)
            next: look through the policy in {to}, try it with mcpgovern doctor --settings {to}, and restart the client

            """, warnings, 0);
    }

    private static VerbOutput RunUndo(ImportUndo? undo, bool dryRun, Faults faults)
    {
        if (undo is null || faults.Errors.Count > 0)
        {
            return VerbOutput.Wrong(faults.Errors);
        }

        if (dryRun)
        {
            return new(undo.Diff(), "", 0);
        }

        undo.Write();
        var aside = undo.Aside is null ? "" : $"servers were added to it since; with them it is kept as {undo.Aside}\n";
        return new($"{undo.Path} has its servers back; the settings were left where they are\n{aside}", "", 0);
    }
}
