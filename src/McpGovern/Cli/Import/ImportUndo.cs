using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Gives a client its servers back. What else the client has written into its file since then stays.</summary>
/// <param name="Now">The file as it is.</param>
/// <param name="Block">The servers as they were.</param>
/// <param name="Aside">Where the file goes whose servers are more than our entry: somebody added them; null where there are none.</param>
internal sealed record ImportUndo(ClientFile Now, string Block, string? Aside)
{
    public string Path => Now.Path;

    /// <summary>Whether the servers in this place are other ones than before an import.</summary>
    public static bool IsMeant(ClientPlace place)
    {
        var backup = ImportPlan.BackupOf(place.Path);
        if (!File.Exists(backup))
        {
            return false;
        }

        var before = ClientFile.Read(place with { Path = backup }, new Faults(backup));
        var now = ClientFile.Read(place, new Faults(place.Path));
        return before is not null && now is not null ? before.Block != now.Block : place.Within.Count == 0;
    }

    public static ImportUndo? Make(ClientPlace place, Faults faults)
    {
        var path = place.Path;
        var backup = ImportPlan.BackupOf(path);
        if (!File.Exists(backup))
        {
            faults.Error(0, $"there is no backup {backup}", "name another file with --from");
            return null;
        }

        if (ClientFile.Read(place with { Path = backup }, faults) is not { } before || ClientFile.Read(place with { Keys = [before.Key] }, faults) is not { } now)
        {
            faults.Error(0, $"the servers stand in {backup}", "put them back by hand, and delete it");
            return null;
        }

        var aside = $"{path}.undone-mcpgovern";
        if (!now.HasOnly(ImportPlan.EntryName) && File.Exists(aside))
        {
            faults.Error(0, $"servers were added since, and {aside}, where they would be kept, exists", "move it away");
            return null;
        }

        // Byte for byte the backup, unless the client itself wrote something around its servers.
        return new(now, before.Block, now.HasOnly(ImportPlan.EntryName) ? null : aside);
    }

    public string Diff() => TextDiff.Of(Path, Now.Shown(), Path, Now.Shown(Block));

    /// <exception cref="IOException">It cannot be written; the backup is still there.</exception>
    public void Write()
    {
        if (Aside is not null)
        {
            PrivateFile.Create(Aside, Now.Bytes);
        }

        PrivateFile.Replace(Path, Now.With(Block));
        File.Delete(ImportPlan.BackupOf(Path));
    }
}
