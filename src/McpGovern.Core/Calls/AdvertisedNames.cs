using System.Security.Cryptography;
using System.Text;

namespace McpGovern.Calls;

/// <summary>The names under which agents see the tools of several servers; policy never looks at them.</summary>
public static class AdvertisedNames
{
    /// <summary>Clients refuse longer ones.</summary>
    public const int MaxLength = 64;

    private const int HashLength = 8;

    /// <summary>
    /// One name per tool, unique, <c>[A-Za-z0-9_-]</c> where it is ours to make: the tool's own name while there is one server, else
    /// <c>server__tool</c>, with a hash of the pair where that was cut, changed or claimed twice.
    /// </summary>
    public static IReadOnlyDictionary<string, (string Server, string Tool)> Assign(IReadOnlyCollection<(string Server, string Tool)> tools, bool onlyServer)
    {
        ArgumentNullException.ThrowIfNull(tools);
        var wished = tools.Distinct().Select(t => (t.Server, t.Tool, Name: Wish(t.Server, t.Tool, onlyServer))).ToArray();
        // Names that differ in case only are one name to some clients.
        var claimed = wished.GroupBy(w => w.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => g.Count(), StringComparer.OrdinalIgnoreCase);
        return wished.ToDictionary(
            w => claimed[w.Name] > 1 ? WithHash(w.Name, w.Server, w.Tool) : w.Name,
            w => (w.Server, w.Tool),
            StringComparer.Ordinal);
    }

    private static string Wish(string server, string tool, bool onlyServer)
    {
        var plain = onlyServer ? tool : $"{server}__{tool}";
        var clean = string.Concat(plain.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_'));
        // A single server's tools keep their names, dots included, as long as clients take them.
        var kept = onlyServer && plain.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
        var name = kept ? plain : clean;
        return name.Length > MaxLength || name != plain ? WithHash(name, server, tool) : name;
    }

    private static string WithHash(string name, string server, string tool)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{server}\0{tool}")))[..HashLength];
        return name.EndsWith($"_{hash}", StringComparison.Ordinal)
            ? name
            : $"{name[..Math.Min(name.Length, MaxLength - HashLength - 1)]}_{hash}";
    }
}
