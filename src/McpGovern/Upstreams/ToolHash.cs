using System.Security.Cryptography;
using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>The fingerprint of a tool as it is shown to whoever approves: what it says of itself, not what it looks like.</summary>
internal static class ToolHash
{
    private static readonly HashSet<string> Counted =
        new(["name", "title", "description", "inputSchema", "outputSchema", "annotations"], StringComparer.Ordinal);

    public static string Of(IEnumerable<RawMember> definition)
    {
        var counted = RawObject.Write(definition.Where(member => Counted.Contains(member.Name)));
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Of(counted).Span));
    }
}
