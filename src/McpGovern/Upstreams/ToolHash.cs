using System.Text;
using McpGovern.Calls;
using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>The fingerprint of a tool as it is shown to whoever approves: what it says of itself, not what it looks like.</summary>
internal static class ToolHash
{
    private static readonly HashSet<string> Counted =
        new(["name", "title", "description", "inputSchema", "outputSchema", "annotations"], StringComparer.Ordinal);

    private static readonly HashSet<string> CountedOfOthers =
        new(["name", "title", "description", "uri", "uriTemplate", "mimeType", "arguments"], StringComparer.Ordinal);

    /// <param name="kind">What it is the definition of; of a tool where it is not given.</param>
    public static string Of(IEnumerable<RawMember> definition, ListKind? kind = null)
    {
        var names = kind is null || kind == ListKind.Tools ? Counted : CountedOfOthers;
        var counted = RawObject.Write(definition.Where(member => names.Contains(member.Name)));
        try
        {
            return CallHash.OfJson(Encoding.UTF8.GetString(counted.Span));
        }
        catch (FormatException)
        {
            // A key twice, or nested too deep: such a definition has no one form, so every other spelling is another definition.
            return CallHash.OfBytes(counted.Span);
        }
    }
}
