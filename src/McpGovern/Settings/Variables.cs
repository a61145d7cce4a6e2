using System.Text;
using System.Text.RegularExpressions;

namespace McpGovern.Settings;

/// <summary>Replaces <c>${VAR}</c> and <c>${VAR:-default}</c>, as the clients' own files mean them.</summary>
internal static partial class Variables
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    /// <summary>Null, and a fault for every variable that has no value.</summary>
    public static string? Expand(string text, int line, IReadOnlyDictionary<string, string> environment, string directory, Faults faults)
    {
        var result = new StringBuilder();
        var complete = true;
        var at = 0;
        foreach (Match match in Reference().Matches(text))
        {
            result.Append(text, at, match.Index - at);
            at = match.Index + match.Length;
            var name = match.Groups["name"].Value;
            var otherwise = match.Groups["default"];
            if (environment.GetValueOrDefault(name) is { } value && (value.Length > 0 || !otherwise.Success))
                result.Append(value);
            else if (otherwise.Success)
                result.Append(otherwise.Value);
            else if (name == "workspaceFolder")
                result.Append(directory);
            else
            {
                faults.Error(line, $"the variable {name} is not set", $"set it, or write ${{{name}:-default}}");
                complete = false;
            }
        }
        if (LookedUp().Match(text) is { Success: true } lookedUp)
        {
            faults.Error(line, $"{lookedUp.Value}...}} is not read here", "files and commands are read in a server's env, headers and url");
            complete = false;
        }
        if (InputReference().Match(text) is { Success: true } input)
        {
            faults.Error(line, $"{input.Value} asks in a client, and there is none here", "write an environment variable such as ${TOKEN}");
            complete = false;
        }
        return complete ? result.Append(text, at, text.Length - at).ToString() : null;
    }

    /// <summary>What the variables in it say.</summary>
    public static IEnumerable<(string Name, string Value)> Said(string text, IReadOnlyDictionary<string, string> environment) =>
        Reference().Matches(text).Select(match => match.Groups["name"].Value).Distinct().Where(environment.ContainsKey).Select(name => (name, environment[name]));

    /// <summary>The variables without which the text cannot be read.</summary>
    public static IEnumerable<string> Needed(string text) =>
        Reference().Matches(text).Where(match => !match.Groups["default"].Success).Select(match => match.Groups["name"].Value)
            .Where(name => name != "workspaceFolder").Distinct();

    [GeneratedRegex(@"\$\{(env:)?(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<default>[^}]*))?\}", Options)]
    private static partial Regex Reference();

    [GeneratedRegex(@"\$\{(file|cmd):", Options)]
    private static partial Regex LookedUp();

    [GeneratedRegex(@"\$\{(input|command|config):[^}]*\}", Options)]
    private static partial Regex InputReference();
}
