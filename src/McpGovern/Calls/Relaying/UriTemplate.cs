using System.Text;
using System.Text.RegularExpressions;

namespace McpGovern.Calls;

/// <summary>Whether an address may come of a template (RFC 6570), whatever its variables are.</summary>
internal static class UriTemplate
{
    // Templates come from upstreams: an engine without backtracking cannot be kept busy by one.
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline;

    public static bool Matches(string template, string uri) => Regex.IsMatch(uri, Pattern(template), Linear);

    private static string Pattern(string template)
    {
        var pattern = new StringBuilder("^");
        for (var at = 0; at < template.Length;)
        {
            var end = template[at] == '{' ? template.IndexOf('}', at) : -1;
            if (end < 0)
            {
                pattern.Append(Regex.Escape(template[at..++at]));
                continue;
            }

            // A plain variable is one piece of a path; with an operator it may be several, a query or nothing at all.
            pattern.Append(end > at + 1 && "+#./;?&".Contains(template[at + 1], StringComparison.Ordinal) ? ".*" : "[^/?#]*");
            at = end + 1;
        }

        return pattern.Append("\\z").ToString();
    }
}
