using System.Text;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Gives a client its servers back. What else the client has written into its file since then stays.</summary>
/// <param name="Aside">Where the file goes whose servers are more than our entry: somebody added them; null where there are none.</param>
internal sealed record ImportUndo(string Path, byte[] Current, byte[] Restored, string? Aside)
{
    public static ImportUndo? Make(string path, IReadOnlyList<string> keys, Faults faults)
    {
        var backup = ImportPlan.BackupOf(path);
        if (!File.Exists(backup))
        {
            faults.Error(0, $"there is no backup {backup}", "name another file with --from");
            return null;
        }

        if (ClientFile.Read(backup, keys, faults) is not { } before || ClientFile.Read(path, [before.Key], faults) is not { } now)
        {
            faults.Error(0, $"the servers stand in {backup}", "put them back by hand, and delete it");
            return null;
        }

        var aside = $"{path}.undone-mcpgovern";
        if (!now.HasOnly(ImportPlan.Entry) && File.Exists(aside))
        {
            faults.Error(0, $"servers were added since, and {aside}, where they would be kept, exists", "move it away");
            return null;
        }

        // Byte for byte the backup, unless the client itself wrote something around its servers.
        return new(path, now.Bytes, now.With(before.Block), now.HasOnly(ImportPlan.Entry) ? null : aside);
    }

    public string Diff() => TextDiff.Of(Path, Encoding.UTF8.GetString(Current), Path, Encoding.UTF8.GetString(Restored));

    /// <exception cref="IOException">It cannot be written; the backup is still there.</exception>
    public void Write()
    {
        if (Aside is not null)
        {
            PrivateFile.Create(Aside, Current);
        }

        PrivateFile.Replace(Path, Restored);
        File.Delete(ImportPlan.BackupOf(Path));
    }
}
