using System.Globalization;

namespace McpGovern.Settings;

/// <summary>Reads single values: text, lists, times such as <c>8s</c> and sizes such as <c>512KiB</c>.</summary>
internal static class Values
{
    private static readonly (string Unit, long Seconds)[] TimeUnits = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];
    private static readonly (string Unit, long Bytes)[] SizeUnits =
        [("KiB", 1024), ("MiB", 1024 * 1024), ("GiB", 1024L * 1024 * 1024), ("B", 1)];
    private const long LongestSeconds = 3650L * 86400;

    public static string? Text(Node node, string name, Faults faults, string cure)
    {
        if (node is ScalarNode { IsNull: false, Text.Length: > 0 } scalar)
            return scalar.Text;
        faults.Error(node, $"'{name}' is {(node is ScalarNode { Plain: false } ? "empty" : node.Kind)}", cure);
        return null;
    }

    public static IReadOnlyList<Node> List(Node node, string name, Faults faults, string cure)
    {
        if (node is ListNode list)
            return list.Items;
        faults.Error(node, $"'{name}' is {node.Kind}", cure);
        return [];
    }

    public static Span? Time(Node node, string name, Faults faults, bool never, bool bareSeconds)
    {
        var text = (node as ScalarNode)?.Text;
        if (never && text == "never")
            return new(null);
        if (text is not null && TryTime(text, bareSeconds, out var time))
            return new(time);
        var units = text is not null && IsCount(text)
            ? $"write a unit: {text}s, {text}m, {text}h or {text}d"
            : "write a time such as 8s, 15m, 24h or 7d";
        faults.Error(node, $"'{name}' is {node.Kind}, which is no time", never ? units + ", or never" : units);
        return null;
    }

    public static long? Size(Node node, string name, Faults faults)
    {
        if (node is ScalarNode scalar && Measured(scalar.Text, SizeUnits, int.MaxValue) is { } bytes)
            return bytes;
        faults.Error(node, $"'{name}' is {node.Kind}, which is no size", "write a size such as 512KiB or 8MiB, under 2GiB");
        return null;
    }

    public static bool TryTime(string text, bool bareSeconds, out TimeSpan time)
    {
        // Nothing is the same in every unit.
        var seconds = text == "0" ? 0 : Measured(bareSeconds && IsCount(text) ? text + "s" : text, TimeUnits, LongestSeconds);
        time = TimeSpan.FromSeconds(seconds ?? 0);
        return seconds is not null;
    }

    private static long? Measured(string text, (string Unit, long Factor)[] units, long most)
    {
        foreach (var (unit, factor) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && long.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count <= most / factor)
                return count * factor;
        }
        return null;
    }

    private static bool IsCount(string text) => text.Length is > 0 and < 10 && text.All(char.IsAsciiDigit);
}
