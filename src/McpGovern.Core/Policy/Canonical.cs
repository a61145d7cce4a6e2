using System.Security.Cryptography;
using System.Text;

namespace McpGovern.Policy;

/// <summary>Text for digests: every part carries its length, so that no two lists of parts read the same.</summary>
internal static class Canonical
{
    public static string Of(params ReadOnlySpan<string?> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
            _ = part is null ? text.Append("-,") : text.Append(part.Length).Append(':').Append(part).Append(',');
        return text.ToString();
    }

    public static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
