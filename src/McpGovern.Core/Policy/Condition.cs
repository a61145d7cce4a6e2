using System.Text.Json;

namespace McpGovern.Policy;

/// <summary>One comparison of an argument's value with what a rule names.</summary>
public sealed class Condition
{
    private readonly Func<JsonElement?, Truth> holds;

    internal Condition(string word, IReadOnlyList<Scalar> operands, Func<JsonElement?, Truth> holds)
    {
        this.holds = holds;
        Word = word;
        CanonicalText = Canonical.Of([word, .. operands.Select(o => o.CanonicalText)]);
    }

    internal string Word { get; }

    internal string CanonicalText { get; }

    internal Truth Holds(JsonElement? value) => holds(value);
}

/// <summary>All that a rule asks of one argument.</summary>
public sealed record ArgumentTest(ArgumentPath Path, IReadOnlyList<Condition> Conditions)
{
    internal string CanonicalText => Canonical.Of([Path.CanonicalText, .. Conditions.Select(c => c.CanonicalText)]);

    internal Truth Holds(JsonElement arguments)
    {
        var value = Path.Find(arguments);
        // An author who writes `exists` has thought of the missing argument, and this is then the whole answer.
        if (Conditions.FirstOrDefault(c => c.Word == "exists")?.Holds(value) is Truth.No)
            return Truth.No;
        var all = Conditions.Select(c => c.Holds(value)).ToArray();
        return all.Contains(Truth.Unknown) ? Truth.Unknown : Truths.Of(!all.Contains(Truth.No));
    }
}

/// <summary>A rule's <c>when</c>: every argument has to be as asked; one that cannot be judged makes the whole unknown.</summary>
public sealed record When(IReadOnlyList<ArgumentTest> Tests)
{
    public static When Always { get; } = new([]);

    public bool IsAlways => Tests.Count == 0;

    internal string CanonicalText => Canonical.Of([.. Tests.Select(t => t.CanonicalText)]);

    /// <summary>Whether the arguments (JSON text) are surely as asked; what cannot be judged is not.</summary>
    public bool Covers(string argumentsJson)
    {
        try
        {
            using var arguments = JsonDocument.Parse(argumentsJson);
            return arguments.RootElement.ValueKind == JsonValueKind.Object && Holds(arguments.RootElement) == Truth.Yes;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    internal Truth Holds(JsonElement arguments)
    {
        var answer = Truth.Yes;
        foreach (var test in Tests)
        {
            var one = test.Holds(arguments);
            if (one == Truth.Unknown)
                return Truth.Unknown;
            if (one == Truth.No)
                answer = Truth.No;
        }
        return answer;
    }
}
