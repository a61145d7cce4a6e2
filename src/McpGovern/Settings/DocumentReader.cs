using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace McpGovern.Settings;

/// <summary>
/// Reads YAML or JSON into nodes, event by event, so that depth, aliases and repeated keys are refused before anything
/// recursive walks the tree: ten thousand open brackets would otherwise end the process.
/// </summary>
internal sealed class DocumentReader
{
    public const int MaxBytes = 256 * 1024;
    public const int MaxDepth = 32;

    private readonly Parser parser;
    private readonly Faults faults;
    private int depth;

    private DocumentReader(string text, Faults faults)
    {
        parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        this.faults = faults;
    }

    /// <summary>Null when the file cannot be read as one document; why is in the faults, as is every repeated key.</summary>
    public static Node? ReadFile(string path, Faults faults)
    {
        try
        {
            return Read(File.ReadAllBytes(path), faults);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            faults.Error(0, "the file cannot be read", fault is FileNotFoundException or DirectoryNotFoundException
                ? "create it, or name another file" : "check that it is a file and may be read");
            return null;
        }
    }

    public static Node? Read(ReadOnlySpan<byte> bytes, Faults faults)
    {
        if (bytes.Length > MaxBytes)
        {
            faults.Error(0, $"the file has {bytes.Length} bytes", "keep it under 256KiB, or split it into several files");
            return null;
        }
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
            return new DocumentReader(text, faults).ReadDocument();
        }
        catch (DecoderFallbackException)
        {
            faults.Error(0, "the file is not UTF-8", "save it as UTF-8");
        }
        catch (Refused refused)
        {
            faults.Error(refused.Line, refused.Message, refused.Cure);
        }
        catch (YamlException fault)
        {
            faults.Error((int)fault.Start.Line, $"not valid YAML or JSON ({OneLine(fault.Message)})", "correct the syntax; text with * & ! [ ] { } goes in quotes");
        }
        // The parser has no list of what it throws on broken text; a file that breaks it is a file that is not read.
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            faults.Error(0, $"not valid YAML or JSON ({fault.GetType().Name})", "correct the syntax");
        }
        return null;
    }

    private Node ReadDocument()
    {
        Next();
        if (Next() is StreamEnd)
            throw new Refused(1, "the file is empty", "write at least 'version: 1'");
        Next();
        var root = ReadNode();
        Next();
        if (Next() is DocumentStart second)
            throw new Refused(Line(second), "a second document begins here", "keep one document in a file");
        return root;
    }

    /// <summary>Reads the node that the current event begins.</summary>
    private Node ReadNode()
    {
        var at = parser.Current!;
        if (at is AnchorAlias)
            throw new Refused(Line(at), "aliases are not read", "write the value out, and put a pattern that begins with * in quotes");
        if (at is NodeEvent { Anchor.IsEmpty: false })
            throw new Refused(Line(at), "anchors are not read",
                "write the value out where it is used, and put text that begins with & in quotes");
        if (at is NodeEvent { Tag.IsEmpty: false })
            throw new Refused(Line(at), "tags are not read", "leave the tag out, and put text that begins with ! in quotes");
        if (at is Scalar scalar)
            return new ScalarNode(scalar.Value, scalar.Style == ScalarStyle.Plain, Line(at), Column(at));
        if (++depth > MaxDepth)
            throw new Refused(Line(at), $"more than {MaxDepth} levels", "nest less deeply");
        Node node = at is MappingStart ? ReadMap() : ReadList();
        depth--;
        return node;
    }

    private ListNode ReadList()
    {
        var start = parser.Current!;
        var items = new List<Node>();
        while (Next() is not SequenceEnd)
            items.Add(ReadNode());
        return new(items, Line(start), Column(start));
    }

    private MapNode ReadMap()
    {
        var start = parser.Current!;
        var members = new List<Member>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            if (ReadNode() is not ScalarNode key)
                throw new Refused(Line(start), "a key is not a word", "write keys as plain text");
            if (key is { Text: "<<", Plain: true })
                throw new Refused(key.Line, "merge keys are not read", "write the keys out");
            Next();
            var value = ReadNode();
            if (lines.TryAdd(key.Text, key.Line))
                members.Add(new(key.Text, key.Line, value));
            else
                faults.Error(key.Line, $"'{key.Text}' is given twice, first in line {lines[key.Text]}", "keep one");
        }
        return new(members, Line(start), Column(start));
    }

    private ParsingEvent Next() =>
        parser.MoveNext() ? parser.Current! : throw new Refused(0, "the file ends too early", "correct the syntax");

    private static int Line(ParsingEvent at) => (int)at.Start.Line;
    private static int Column(ParsingEvent at) => (int)at.Start.Column;

    private static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    /// <summary>Leaves the recursion at the first thing that makes the rest unreadable; never seen outside.</summary>
    private sealed class Refused(int line, string problem, string cure) : Exception(problem)
    {
        public int Line { get; } = line;
        public string Cure { get; } = cure;
    }
}
