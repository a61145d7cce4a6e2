using System.Text.RegularExpressions;
using McpGovern.Settings;

namespace McpGovern.Upstreams;

/// <summary>What of a server's settings, as they are written or as variables say it, its errors must not repeat.</summary>
internal static partial class KnownSecrets
{
    /// <param name="text">As it is written.</param>
    /// <param name="expanded">What it says with its variables.</param>
    public static IEnumerable<string> In(CredentialPlace place, string name, string text, string? expanded, IReadOnlyDictionary<string, string> environment)
    {
        var variables = Variables.Said(text, environment).Where(variable => !ChildEnvironment.IsUsual(variable.Name)).Select(variable => variable.Value);
        switch (place)
        {
            case CredentialPlace.Headers:
                return expanded is null ? variables : variables.Append(expanded).Append(expanded[(expanded.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
            case CredentialPlace.Url:
                // Its host is no secret, and errors that do not tell it help nobody.
                return Uri.TryCreate(expanded, UriKind.Absolute, out var url)
                    ? variables.Where(value => !url.Authority.Contains(value, StringComparison.OrdinalIgnoreCase))
                    : variables;
            default:
                // Servers complain of the folders that they are given.
                return (expanded is not null && Secretive().IsMatch(name) ? variables.Append(expanded) : variables).Where(value => !Path.Exists(value));
        }
    }

    [GeneratedRegex("key|token|secret|passw|auth|credential", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Secretive();
}
