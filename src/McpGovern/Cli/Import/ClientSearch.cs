using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Which file <c>--from</c> means.</summary>
internal static class ClientSearch
{
    private static readonly string[] Keys = ["mcpServers", "servers"];

    /// <summary>The file and the keys that its servers can stand under; null, and a fault, where it is unclear.</summary>
    /// <param name="isMeant">Tells the files that there is something to do with.</param>
    public static (string Path, IReadOnlyList<string> Keys)? Find(
        string? from, SettingsSources sources, Func<string, IReadOnlyList<string>, bool> isMeant, Faults faults)
    {
        if (from is not null && Client.All.All(client => client.Name != from))
        {
            return (Real(Path.GetFullPath(from, sources.WorkingDirectory)), Keys);
        }

        var places = Client.All.Where(client => from is null || client.Name == from)
            .SelectMany(client => client.Places(sources).Select(place => (client.Name, Path: Real(place), Keys: (IReadOnlyList<string>)[client.Key])))
            .DistinctBy(place => place.Path).ToArray();
        var meant = places.Where(place => isMeant(place.Path, place.Keys)).ToArray();
        // A client that was named prefers its project's file; which client is meant is not to be guessed.
        if (meant.Length == 1 || (meant.Length > 1 && from is not null))
        {
            return (meant[0].Path, meant[0].Keys);
        }

        if (meant.Length > 1)
        {
            faults.Error(0, $"there are several: {string.Join(", ", meant.Select(place => $"{place.Path} ({place.Name})"))}", "name one with --from");
        }
        else if (from is not null && places.FirstOrDefault(place => File.Exists(place.Path)) is { Path: not null } there)
        {
            return (there.Path, there.Keys);
        }
        else
        {
            faults.Error(0, $"nothing was found in {string.Join(", ", places.Select(place => place.Path))}", "name the file with --from");
        }

        return null;
    }

    // Whoever keeps such files elsewhere and links to them wants the link kept.
    private static string Real(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            return path;
        }
    }
}
