using System.Globalization;

namespace McpGovern.Settings;

/// <summary>Reads the keys of one block; what is missing, mistyped or unknown goes to the faults.</summary>
internal sealed class Fields
{
    private readonly MapNode map;
    private readonly Faults faults;

    /// <summary>Reports at once every key that is not known.</summary>
    public Fields(MapNode map, Faults faults, params IReadOnlyList<string> known)
    {
        (this.map, this.faults) = (map, faults);
        foreach (var member in map.Members.Where(m => !known.Contains(m.Key)))
            faults.Error(member.Line, $"unknown key '{member.Key}'", Spelling.Cure(member.Key, known));
    }

    public int Line => map.Line;

    public Node? Node(string key) => map.Find(key)?.Value;

    public int LineOf(string key) => map.Find(key)?.Line ?? map.Line;

    /// <summary>Null when it is not given, or not text.</summary>
    public string? Text(string key, string cure = "write text") => Node(key) is { } node ? Values.Text(node, key, faults, cure) : null;

    public string? Required(string key, string cure)
    {
        if (Node(key) is null)
            faults.Error(map, $"'{key}' is missing", cure);
        return Text(key, cure);
    }

    public bool? Flag(string key)
    {
        if (Node(key) is not { } node)
            return null;
        if (node is ScalarNode { Plain: true, Text: "true" or "false" } flag)
            return flag.Text == "true";
        faults.Error(node, $"'{key}' is {node.Kind}", "write true or false");
        return null;
    }

    public int? Number(string key, int least, int most)
    {
        if (Node(key) is not { } node)
            return null;
        if (node is ScalarNode scalar && int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
            return number;
        faults.Error(node, $"'{key}' is {node.Kind}", $"write a number from {least} to {most}");
        return null;
    }

    public Span? Time(string key, bool never = false, bool bareSeconds = false) =>
        Node(key) is { } node ? Values.Time(node, key, faults, never, bareSeconds) : null;

    public long? Size(string key) => Node(key) is { } node ? Values.Size(node, key, faults) : null;

    /// <summary>One of the words, or null with a fault.</summary>
    public string? Word(string key, params IReadOnlyList<string> words)
    {
        if (Node(key) is not { } node)
            return null;
        if (node is ScalarNode scalar && words.Contains(scalar.Text))
            return scalar.Text;
        faults.Error(node, $"unknown {key} {node.Kind}", $"use {Spelling.Choice(words)}");
        return null;
    }

    public IReadOnlyList<Node> List(string key, string cure) => Node(key) is { } node ? Values.List(node, key, faults, cure) : [];

    public IReadOnlyList<string> Texts(string key) =>
        [.. List(key, "write a list").Select(n => Values.Text(n, key, faults, "write text")).OfType<string>()];

    public MapNode? Block(string key, string cure)
    {
        if (Node(key) is not { } node)
            return null;
        if (node is not MapNode block)
            faults.Error(node, $"'{key}' is {node.Kind}", cure);
        return node as MapNode;
    }
}

/// <summary>A length of time that was written; null is <c>never</c>.</summary>
internal readonly record struct Span(TimeSpan? Value);
