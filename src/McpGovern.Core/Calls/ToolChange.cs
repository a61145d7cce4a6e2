using System.Text.Json;

namespace McpGovern.Calls;

/// <summary>Says in what ways a tool's present definition differs from the one that was pinned.</summary>
public static class ToolChange
{
    /// <summary>What the words mean, the gravest first.</summary>
    public const string
        Instructions = "instructions", Weakened = "weakened", Claims = "claims", Widened = "widened", Narrowed = "narrowed", Other = "other", Cosmetic = "cosmetic";

    private static readonly string[] Order = [Instructions, Weakened, Claims, Widened, Narrowed, Other, Cosmetic];
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 1024 };

    // A promise and what it is taken for where it is not made.
    private static readonly (string Hint, bool Promise, bool Usual)[] Hints =
        [("readOnlyHint", true, false), ("destructiveHint", false, true), ("idempotentHint", true, false), ("openWorldHint", false, true)];

    /// <summary>The kinds of change, the gravest first; none where the two say the same.</summary>
    /// <remarks>What cannot be read or has no name here is <see cref="Other"/>: only what is known to be harmless is <see cref="Cosmetic"/>.</remarks>
    public static IReadOnlyList<string> Kinds(string pinned, string present)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            using var before = JsonDocument.Parse(pinned, Reading);
            using var after = JsonDocument.Parse(present, Reading);
            Compare(before.RootElement, after.RootElement, found);
        }
        // Unknown means closed.
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            found.Add(Other);
        }

        return [.. Order.Where(found.Contains)];
    }

    public static bool IsCosmetic(IReadOnlyList<string> kinds) => kinds is [Cosmetic];

    private static void Compare(JsonElement before, JsonElement after, HashSet<string> found)
    {
        if (before.ValueKind != JsonValueKind.Object || after.ValueKind != JsonValueKind.Object)
        {
            found.Add(Other);
            return;
        }

        if (ModelText.IsSuspect(before, after))
        {
            found.Add(Instructions);
        }

        foreach (var name in (string[])["name", "description", "title"])
        {
            CompareText(before, after, name, found);
        }

        foreach (var schema in (string[])["inputSchema", "outputSchema"])
        {
            SchemaChange.Compare(Member(before, schema), Member(after, schema), found);
        }

        CompareHints(Member(before, "annotations"), Member(after, "annotations"), found);
    }

    internal static JsonElement? Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;

    /// <summary>White space and titles are looks; other words are not, since a model acts on them.</summary>
    internal static void CompareText(JsonElement before, JsonElement after, string name, HashSet<string> found)
    {
        var (old, now) = (Member(before, name), Member(after, name));
        if (Same(old, now))
        {
            return;
        }

        var isText = (old?.ValueKind ?? JsonValueKind.String) == JsonValueKind.String && (now?.ValueKind ?? JsonValueKind.String) == JsonValueKind.String;
        found.Add(isText && (name == "title" || ModelText.Plain(old?.GetString()) == ModelText.Plain(now?.GetString())) && name != "name" ? Cosmetic : Other);
    }

    internal static bool Same(JsonElement? before, JsonElement? after) =>
        before is { } old && after is { } now ? JsonElement.DeepEquals(old, now) : before is null && after is null;

    private static void CompareHints(JsonElement? before, JsonElement? after, HashSet<string> found)
    {
        if (Same(before, after))
        {
            return;
        }

        var count = found.Count;
        foreach (var (hint, promise, usual) in Hints)
        {
            var (old, now) = (Hint(before, hint, usual), Hint(after, hint, usual));
            if (old != now)
            {
                found.Add(old == promise ? Weakened : now == promise ? Claims : Other);
            }
        }

        var others = Names(before).Union(Names(after)).Except(Hints.Select(h => h.Hint)).Where(name => !Same(MemberOf(before, name), MemberOf(after, name)));
        foreach (var name in others)
        {
            found.Add(name == "title" ? Cosmetic : Other);
        }

        // Written out what was meant anyway.
        if (found.Count == count)
        {
            found.Add(Cosmetic);
        }
    }

    private static bool? Hint(JsonElement? annotations, string name, bool usual) => MemberOf(annotations, name) switch
    {
        null => usual,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };

    private static JsonElement? MemberOf(JsonElement? of, string name) => of is { } there ? Member(there, name) : null;

    private static IEnumerable<string> Names(JsonElement? of) =>
        of is { ValueKind: JsonValueKind.Object } there ? there.EnumerateObject().Select(member => member.Name) : [];
}
