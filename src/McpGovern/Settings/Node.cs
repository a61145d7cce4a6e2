using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Policy;

namespace McpGovern.Settings;

/// <summary>A piece of a YAML or JSON file, with its place.</summary>
internal abstract record Node(int Line, int Column)
{
    public abstract string Kind { get; }
}

internal sealed record ScalarNode(string Text, bool Plain, int Line, int Column) : Node(Line, Column)
{
    public override string Kind => IsNull ? "nothing" : $"'{Text}'";

    public bool IsNull => Plain && Value.Kind == ScalarKind.Null;

    public Scalar Value => Plain ? Scalar.FromPlain(Text) : new(ScalarKind.Text, Text);
}

internal sealed record ListNode(IReadOnlyList<Node> Items, int Line, int Column) : Node(Line, Column)
{
    public override string Kind => "a list";
}

internal sealed record MapNode(IReadOnlyList<Member> Members, int Line, int Column) : Node(Line, Column)
{
    public override string Kind => "a block of keys";

    public Member? Find(string key) => Members.FirstOrDefault(m => m.Key == key);
}

internal sealed record Member(string Key, int Line, Node Value);

internal static class NodeJson
{
    /// <summary>The node as JSON; plain numbers, truth values and null keep their kind and spelling.</summary>
    public static string ToJson(this Node node)
    {
        var text = new StringBuilder();
        Write(node, text);
        return text.ToString();
    }

    private static void Write(Node node, StringBuilder text)
    {
        switch (node)
        {
            case ScalarNode { Value: { Kind: not ScalarKind.Text } value }:
                text.Append(value.Text);
                break;
            case ScalarNode scalar:
                text.Append(Quote(scalar.Text));
                break;
            case ListNode list:
                WriteAll(list.Items, '[', ']', text, Write);
                break;
            case MapNode map:
                WriteAll(map.Members, '{', '}', text, (member, to) => Write(member.Value, to.Append(Quote(member.Key)).Append(':')));
                break;
        }
    }

    private static void WriteAll<T>(IReadOnlyList<T> items, char open, char close, StringBuilder text, Action<T, StringBuilder> write)
    {
        text.Append(open);
        for (var i = 0; i < items.Count; i++)
            write(items[i], i == 0 ? text : text.Append(','));
        text.Append(close);
    }

    private static string Quote(string text) => JsonValue.Create(text).ToJsonString(JsonSerializerOptions.Default);
}
