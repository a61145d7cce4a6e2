using Xunit.Abstractions;

namespace McpGovern.Tests.Model;

/// <summary>
/// Every order of events within bounds: two processes that claim, send, record, die and are taken for dead; people who decide, cancel and resolve;
/// a changed policy; time that runs out; and all of it at once. The rules are the product's own.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Limit = 1_000_000;
    private const string SentAgain = "everything at once, sent again";

    public static readonly TheoryData<string> Scenarios = new(All.Keys);

    private static Dictionary<string, Bounds> All => new()
    {
        ["decisions race"] = new(Crashes: 0, Pauses: 0, Defers: 0) { Resolver = false },
        ["processes race"] = new(Crashes: 2) { Rejecter = false, Canceller = false, Reloader = false },
        ["cancelled while it is taken up"] = new(Pauses: 0) { Rejecter = false, Reloader = false, Resolver = false },
        ["changed while it is taken up"] = new(Pauses: 0, Defers: 0) { Rejecter = false, Canceller = false, Resolver = false },
        ["idempotent"] = new(Idempotent: true, Crashes: 2, Defers: 0) { Rejecter = false, Canceller = false, Reloader = false, Resolver = false },
        ["everything at once"] = new(Defers: 0) { Rejecter = false, Resolver = false },
        [SentAgain] = new(Idempotent: true, Pauses: 0) { Rejecter = false, Resolver = false, Restarts = false },
        ["allowed"] = new(Gated: false, Crashes: 2),
        ["asked"] = new(Crashes: 0, Pauses: 0, Defers: 0) { Rejecter = false, Reloader = false, Resolver = false, Asks = true },
        ["tasks of the upstream"] = new(Gated: false, Crashes: 2, Pauses: 2) { Tasks = true },
        ["tasks of the upstream, gated"] = new(Idempotent: true, Crashes: 2, Defers: 0) { Tasks = true, Rejecter = false, Canceller = false, Reloader = false, Resolver = false },
    };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Rules_InEveryOrderOfEvents_KeepTheirPromises(string scenario)
    {
        var found = Explore(All[scenario], Bug.None);

        output.WriteLine($"{scenario}: {found.States} states, {found.Steps} steps");
        Assert.True(found.IsComplete, $"cut short at {found.States} states, which proves nothing");
        Assert.True(found.Violation is null, $"{found.Violation}:\n{string.Join('\n', found.Trace)}");
        Assert.True(found.States > 100);
    }

    [Theory]
    [InlineData("NoExpectedVersion", "decisions race", "cannot be read")]
    [InlineData("NoLeaseCheck", "processes race", "given up while its owner lives")]
    [InlineData("NoRecovery", "processes race", "stuck")]
    [InlineData("ResendOnUnknown", "processes race", "sent")]
    [InlineData("SendBeforeAppend", "processes race", "sent before it was recorded")]
    [InlineData("ExpiryIgnored", "decisions race", "a decision after the deadline")]
    [InlineData("ValidityIgnored", "decisions race", "a dispatch without an approval")]
    [InlineData("ApproveAfterCancel", "decisions race", "cannot be read")]
    [InlineData("ResendWithoutEnd", "idempotent", "sent too often")]
    [InlineData("NoExpectedVersion", "asked", "cannot be read")]
    [InlineData("CancelWhileItGoesOn", "asked", "cannot be read")]
    [InlineData("NoAdoption", "tasks of the upstream", "a task was given up that its server knows")]
    [InlineData("CancelAfterTakeover", SentAgain, "cannot be read")]
    [InlineData("ReloadAfterTakeover", SentAgain, "cannot be read")]
    [InlineData("DeferAfterTakeover", SentAgain, "said not to have been sent, and was")]
    public void Bug_ThatIsPlanted_IsFound(string bug, string scenario, string violation)
    {
        var bounds = bug == "ResendWithoutEnd" ? All[scenario] with { Crashes = 3, Pauses = 0 } : All[scenario];

        var found = Explore(bounds, Enum.Parse<Bug>(bug));

        output.WriteLine($"{bug}: {found.Violation} after {found.States} states:\n{string.Join('\n', found.Trace)}");
        Assert.Contains(violation, found.Violation, StringComparison.Ordinal);
        Assert.NotEmpty(found.Trace);
    }

    /// <summary>Why there is a scenario of everything: those of less, each explored whole, do not have what these bugs need.</summary>
    [Theory]
    [MemberData(nameof(Scenarios))]
    public void BugsAfterATakeover_AreFoundByNoScenarioOfLess(string scenario)
    {
        var found = Explore(All[scenario], Bug.AllAfterTakeover);

        Assert.Equal(scenario == SentAgain, found.Violation is not null);
        Assert.Equal(scenario != SentAgain, found.IsComplete);
    }

    [Fact]
    public void Exploration_ThatIsCutShort_SaysSo()
    {
        Assert.False(Explore(All["allowed"], Bug.None, limit: 50).IsComplete);
    }

    private static Exploration Explore(Bounds bounds, Bug bug, int limit = Limit)
    {
        var transitions = new Transitions(bounds, bug);
        return new Explorer<World>(transitions.From, world => Invariants.FaultOf(world, bounds))
            .Run(transitions.Start(), Transitions.MustSettle, Transitions.IsSettled, limit);
    }
}
