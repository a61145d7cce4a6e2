using Xunit.Abstractions;

namespace McpGovern.Tests.Crashes;

/// <summary>The judge is judged first: by histories that are known, and by trying every order.</summary>
public sealed class LinearizabilityTests(ITestOutputHelper output)
{
    /// <summary>A register: <c>w1</c> writes 1, <c>r1</c> read 1. Written as what, called, returned.</summary>
    public static readonly TheoryData<string, bool> Known = new()
    {
        { "", true },
        { "w1 0 1, r1 2 3", true },
        { "w1 0 1, r0 2 3", false },
        { "r1 0 1, w1 2 3", false },
        { "w1 0 9, r0 1 2, r1 3 4", true },
        { "w1 0 9, r1 1 2, r0 3 4", false },
        { "w1 0 9, w2 0 9, r2 1 2, r1 3 4", true },
        { "w1 0 3, w2 0 3, r2 4 5, r1 6 7", false },
        { "w1 0 -, r1 5 6", true },
        { "w1 0 -, r0 5 6", true },
        { "w1 0 -, r1 5 6, r0 7 8", false },
        { "w1 5 -, r1 1 2", false },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void Holds_OfAKnownHistory_IsKnown(string history, bool expected)
    {
        Operation<string>[] operations = [.. history.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(Read)];

        Assert.Equal(expected, Linearizability.Holds(operations, '0', Register));
        Assert.Equal(expected, ByEveryOrder(operations));
    }

    [Fact]
    public void Holds_OfAThousandTinyHistories_IsWhatEveryOrderSays()
    {
        var random = new Random(7);
        var good = 0;
        for (var i = 0; i < 1000; i++)
        {
            Operation<string>[] history = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => Any(random))];
            var expected = ByEveryOrder(history);
            good += expected ? 1 : 0;
            Assert.True(expected == Linearizability.Holds(history, '0', Register), string.Join(", ", history.Select(o => o.ToString())));
        }

        output.WriteLine($"1000 histories, {good} of them good");
        Assert.InRange(good, 100, 900);
    }

    [Fact]
    public void Holds_OfMoreThanItCanTell_Throws() => Assert.Throws<ArgumentException>(
        () => Linearizability.Holds(Enumerable.Repeat(new Operation<string>("w1", 0, 1), Linearizability.MostOperations + 1).ToArray(), '0', Register));

    private static IEnumerable<char> Register(char state, Operation<string> operation) =>
        operation.What[0] == 'w' ? [operation.What[1]] : operation.What[1] == state ? [state] : [];

    private static Operation<string> Any(Random random)
    {
        var called = random.Next(10);
        var what = $"{(random.Next(2) == 0 ? 'w' : 'r')}{random.Next(3)}";
        return new(what, called, random.Next(6) == 0 ? Operation<string>.NoAnswer : called + random.Next(1, 8));
    }

    private static Operation<string> Read(string text)
    {
        var words = text.Split(' ');
        return new(words[0], long.Parse(words[1], null), words[2] == "-" ? Operation<string>.NoAnswer : long.Parse(words[2], null));
    }

    // Nothing clever: every order of every choice of those that may not have happened.
    private static bool ByEveryOrder(IReadOnlyList<Operation<string>> history)
    {
        return Extend([], '0');

        bool Extend(IReadOnlyList<Operation<string>> told, char state) =>
            history.All(o => o.Returned == Operation<string>.NoAnswer || told.Contains(o, ReferenceEqualityComparer.Instance))
            || history.Any(next => !told.Contains(next, ReferenceEqualityComparer.Instance)
                && !history.Any(o => !told.Contains(o, ReferenceEqualityComparer.Instance) && o != next && o.Returned < next.Called)
                && Register(state, next).Any(after => Extend([.. told, next], after)));
    }
}
