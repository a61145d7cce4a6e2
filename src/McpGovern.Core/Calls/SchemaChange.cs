using System.Text.Json;
using static McpGovern.Calls.ToolChange;

namespace McpGovern.Calls;

/// <summary>Whether a JSON Schema takes more or less than before. What it does not understand is <see cref="Other"/>.</summary>
internal static class SchemaChange
{
    private static readonly HashSet<string>
        Looks = new(["title", "$comment", "examples"], StringComparer.Ordinal),
        Least = new(["minLength", "minimum", "minItems", "minProperties", "exclusiveMinimum"], StringComparer.Ordinal),
        Most = new(["maxLength", "maximum", "maxItems", "maxProperties", "exclusiveMaximum"], StringComparer.Ordinal),
        Constraints = new(["pattern", "format", "const", "enum", "type", "items", "multipleOf", "propertyNames"], StringComparer.Ordinal);

    public static void Compare(JsonElement? before, JsonElement? after, HashSet<string> found)
    {
        if (Same(before, after))
        {
            return;
        }

        if (before is not { ValueKind: JsonValueKind.Object } old || after is not { ValueKind: JsonValueKind.Object } now)
        {
            found.Add(before is null ? Narrowed : after is null ? Widened : Other);
            return;
        }

        var names = old.EnumerateObject().Concat(now.EnumerateObject()).Select(member => member.Name).Distinct(StringComparer.Ordinal);
        foreach (var name in names.Where(name => !Same(Member(old, name), Member(now, name))))
        {
            CompareKeyword(name, old, now, found);
        }
    }

    private static void CompareKeyword(string name, JsonElement before, JsonElement after, HashSet<string> found)
    {
        var (old, now) = (Member(before, name), Member(after, name));
        switch (name)
        {
            case "description":
                CompareText(before, after, name, found);
                break;
            case "properties" or "$defs" or "definitions":
                CompareEach(old, now, found);
                break;
            case "items":
                Compare(old, now, found);
                break;
            case "required":
                CompareRequired(Texts(old), Texts(now), found);
                break;
            case "enum" or "type":
                CompareSets(old, now, found);
                break;
            case "additionalProperties" when IsFalse(old) != IsFalse(now):
                found.Add(IsFalse(old) ? Widened : Narrowed);
                break;
            case not null when Looks.Contains(name):
                found.Add(Cosmetic);
                break;
            case not null when Least.Contains(name) || Most.Contains(name):
                found.Add(Bound(old, now, Least.Contains(name)));
                break;
            default:
                found.Add(old is null && Constraints.Contains(name!) ? Narrowed : now is null && Constraints.Contains(name!) ? Widened : Other);
                break;
        }
    }

    // An argument more is something more that can be done; one less is something less.
    private static void CompareEach(JsonElement? before, JsonElement? after, HashSet<string> found)
    {
        if ((before ?? after)!.Value.ValueKind != JsonValueKind.Object || (after ?? before)!.Value.ValueKind != JsonValueKind.Object)
        {
            found.Add(Other);
            return;
        }

        var names = Names(before).Union(Names(after), StringComparer.Ordinal);
        foreach (var name in names)
        {
            var (old, now) = (before is { } b ? Member(b, name) : null, after is { } a ? Member(a, name) : null);
            if (old is null || now is null)
            {
                found.Add(old is null ? Widened : Narrowed);
            }
            else
            {
                Compare(old, now, found);
            }
        }
    }

    // A name more asks for more.
    private static void CompareRequired(string[] before, string[] after, HashSet<string> found)
    {
        var (fewer, more) = (before.Except(after).Any(), after.Except(before).Any());
        if (fewer)
        {
            found.Add(Widened);
        }

        if (more || !fewer)
        {
            found.Add(more ? Narrowed : Cosmetic);
        }
    }

    private static void CompareSets(JsonElement? before, JsonElement? after, HashSet<string> found)
    {
        var (old, now) = (Texts(before), Texts(after));
        if (before is not null && (after is null || now.Except(old).Any()))
        {
            found.Add(Widened);
        }

        if (after is not null && (before is null || old.Except(now).Any()))
        {
            found.Add(Narrowed);
        }

        // Written otherwise, or in another order.
        if ((before is null) == (after is null) && old.ToHashSet().SetEquals(now))
        {
            found.Add(Cosmetic);
        }
    }

    private static string Bound(JsonElement? before, JsonElement? after, bool least)
    {
        if (before is null || after is null)
        {
            return before is null ? Narrowed : Widened;
        }

        return !Number(before.Value, out var old) || !Number(after.Value, out var now) ? Other : now < old == least ? Widened : Narrowed;
    }

    private static bool Number(JsonElement value, out decimal number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out number);
    }

    private static bool IsFalse(JsonElement? value) => value is { ValueKind: JsonValueKind.False };

    private static IEnumerable<string> Names(JsonElement? of) => of is { } there ? there.EnumerateObject().Select(member => member.Name) : [];

    private static string[] Texts(JsonElement? value) => value switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(item => item.GetRawText())],
        { } one => [one.GetRawText()],
    };
}
