using System.Globalization;
using System.Text.Json;

namespace McpGovern.Policy;

/// <summary>Where in the arguments a value stands: names joined by dots, or a JSON pointer.</summary>
public sealed class ArgumentPath
{
    private readonly string[] segments;

    private ArgumentPath(string text, string[] segments) => (Text, this.segments) = (text, segments);

    public string Text { get; }

    internal string CanonicalText => Canonical.Of(segments);

    /// <summary>Null when the text is neither form.</summary>
    public static ArgumentPath? Parse(string text)
    {
        if (text.StartsWith('/'))
            return new(text, [.. text[1..].Split('/').Select(Unescape)]);
        var names = text.Split('.');
        return names.Contains("") ? null : new(text, names);
    }

    /// <summary>Null when nothing stands there, or more than one value does.</summary>
    internal JsonElement? Find(JsonElement arguments)
    {
        JsonElement? at = arguments;
        foreach (var segment in segments)
            at = at is { } element ? Step(element, segment) : null;
        return at;
    }

    private static string Unescape(string segment) =>
        segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static JsonElement? Step(JsonElement element, string segment)
    {
        if (element.ValueKind == JsonValueKind.Array)
            return int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < element.GetArrayLength()
                ? element[index]
                : null;
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        JsonElement? found = null;
        foreach (var member in element.EnumerateObject())
        {
            if (!member.NameEquals(segment))
                continue;
            if (found is not null)
                return null;
            found = member.Value;
        }
        return found;
    }
}
