using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Which servers <c>--from</c> means.</summary>
internal static class ClientSearch
{
    private static readonly string[] Keys = ["mcpServers", "servers"];

    /// <summary>Null, and a fault, where it is unclear.</summary>
    /// <param name="isMeant">Tells the places that there is something to do with.</param>
    public static ClientPlace? Find(string? from, SettingsSources sources, Func<ClientPlace, bool> isMeant, Faults faults)
    {
        if (from is not null && Client.All.All(client => client.Name != from))
        {
            return new(from, Real(Path.GetFullPath(from, sources.WorkingDirectory)), [], Keys);
        }

        var places = Client.All.Where(client => from is null || client.Name == from)
            .SelectMany(client => client.Places(sources, Client.Here)).Select(place => place with { Path = Real(place.Path) })
            .DistinctBy(place => (place.Path, string.Join('\n', place.Within))).ToArray();
        var meant = places.Where(isMeant).ToArray();
        // A client that was named prefers its project's servers; which client is meant is not to be guessed.
        if (meant.Length == 1 || (meant.Length > 1 && from is not null))
        {
            return meant[0];
        }

        if (meant.Length > 1)
        {
            faults.Error(0, $"there are several: {string.Join(", ", meant.Select(place => $"{place.Path} ({place.Client})"))}", "name one with --from");
        }
        else if (from is not null && places.FirstOrDefault(place => place.Within.Count == 0 && File.Exists(place.Path)) is { } there)
        {
            return there;
        }
        else
        {
            faults.Error(0, $"nothing was found in {string.Join(", ", places.Select(place => place.Path).Distinct())}", "name the file with --from");
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
