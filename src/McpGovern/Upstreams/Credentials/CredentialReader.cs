using System.Text.RegularExpressions;
using McpGovern.Settings;

namespace McpGovern.Upstreams;

/// <summary>Reads <c>${file:PATH}</c> and <c>${cmd:PROGRAM ARG...}</c> in one text of a server's settings.</summary>
internal static partial class CredentialReader
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    public static bool HasReference(string text) => Start().IsMatch(text);

    /// <summary>Null, and a fault, where a reference cannot be read; what else stands in the text is expanded as everywhere.</summary>
    public static CredentialText? Read(CredentialPlace place, string name, string text, int line, SettingKeys keys, Faults faults)
    {
        var parts = new List<CredentialPart>();
        var (at, complete) = (0, true);
        foreach (Match match in Reference().Matches(text))
        {
            complete &= AddWords(text[at..match.Index]);
            at = match.Index + match.Length;
            if (Part(match, keys.Directory) is { } part)
                parts.Add(part);
            else
                complete = Fault($"{match.Value} names no {(match.Groups["kind"].Value == "file" ? "file" : "program, or has an odd quote")}");
        }

        complete &= AddWords(text[at..]);
        return complete ? new(place, name, parts) : null;

        bool AddWords(string words)
        {
            if (HasReference(words))
                return Fault("a reference is not closed, or has another in it");
            var expanded = words.Length > 0 ? keys.Expand(words, line, faults) : "";
            if (expanded is { Length: > 0 })
                parts.Add(new CredentialPart.Words(expanded));
            return expanded is not null;
        }

        bool Fault(string problem)
        {
            faults.Error(line, problem, "write ${file:token.txt} or ${cmd:program argument \"an argument with spaces\"}");
            return false;
        }
    }

    /// <summary>The text with every reference replaced.</summary>
    public static string With(string text, string instead) => Reference().Replace(text, _ => instead);

    private static CredentialPart? Part(Match match, string folder)
    {
        var body = match.Groups["body"].Value.Trim();
        if (match.Groups["kind"].Value == "cmd")
            return Words(body) is { Count: > 0 } words ? new CredentialPart.FromCommand(words, folder, match.Value) : null;
        if (body.StartsWith("~/", StringComparison.Ordinal))
            body = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), body[2..]);
        return body.Length == 0 || body.Contains('\0', StringComparison.Ordinal) ? null
            : new CredentialPart.FromFile(Path.GetFullPath(body, folder), match.Value);
    }

    /// <summary>Split at spaces, with quotes around what has some; no shell reads it, so nothing else means anything.</summary>
    internal static IReadOnlyList<string>? Words(string text)
    {
        if (!WholeCommand().IsMatch(text))
            return null;
        return [.. Word().Matches(text).Select(word => Quoted().Replace(word.Value, quoted => quoted.Value[1..^1]))];
    }

    [GeneratedRegex(@"\$\{(file|cmd):", Options)]
    private static partial Regex Start();

    [GeneratedRegex("""\$\{(?<kind>file|cmd):(?<body>("[^"]*"|'[^']*'|[^}"'$]|\$(?!\{))*)\}""", Options)]
    private static partial Regex Reference();

    [GeneratedRegex("""^([^\s"']|"[^"]*"|'[^']*'|\s)*$""", Options)]
    private static partial Regex WholeCommand();

    [GeneratedRegex("""([^\s"']|"[^"]*"|'[^']*')+""", Options)]
    private static partial Regex Word();

    [GeneratedRegex("\"[^\"]*\"|'[^']*'", Options)]
    private static partial Regex Quoted();
}
