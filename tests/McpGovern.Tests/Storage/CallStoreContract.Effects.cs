using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public abstract partial class CallStoreContract
{
    private static readonly string[] Openings = ["park", "allow"];

    [SkippableFact]
    public async Task Append_OfAnEqualEffectByFiftyAtOnce_HasOneHolder()
    {
        ICallStore[] stores = [await OpenAsync(), await OpenAsync()];
        var rivals = Enumerable.Range(0, 50).Select(i => WithEffect("e", Openings[i % 2])).ToList();

        var answers = await Task.WhenAll(rivals.Select((rival, i) => stores[i % 2].AppendAsync(rival, default)));

        var winner = rivals[Assert.Single(answers.Index(), a => a.Item is AppendResult.Appended).Index].CallId;
        Assert.Equal(49, answers.Count(a => a == new AppendResult.EffectTaken(winner)));
        foreach (var lost in rivals.Where(r => r.CallId != winner))
        {
            Assert.Null(await stores[0].LoadAsync(lost.CallId, default));
        }
    }

    [SkippableFact]
    public async Task Append_OfAnEqualEffect_IsFreeInAnotherScopeAndOnceTheHolderCannotHaveDoneIt()
    {
        var store = await OpenAsync();
        var first = WithEffect("e", "allow");
        await store.AppendAsync(first, default);
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(WithEffect("e", "allow", "other"), default));
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(WithEffect("E", "allow"), default));
        await store.RecordAsync(first.CallId, new CallCommand.Lose(Owner, "died", Noon));
        Assert.Equal(new AppendResult.EffectTaken(first.CallId), await store.AppendAsync(WithEffect("e", "park"), default));
        await store.RecordAsync(first.CallId, new CallCommand.Resolve(Approver("olga"), "failed", "looked", "cli", Noon));

        var second = WithEffect("e", "allow");
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(second, default));
        await store.RecordAsync(second.CallId, new CallCommand.Finish(Owner, true, "rh", 3, false, 1, null, Noon));

        Assert.Equal(new AppendResult.EffectTaken(second.CallId), await store.AppendAsync(WithEffect("e", "allow"), default));
        // What a lost owner reports after a person's word changes nothing about who holds it.
        Assert.True(await store.RecordAsync(first.CallId, new CallCommand.Finish(Owner, true, "rh", 3, false, 1, null, Noon)));
        Assert.Empty(await store.RebuildAsync(repair: false, default));
    }

    [SkippableFact]
    public async Task Append_OfTwoStreams_WritesBothOrNeither()
    {
        var store = await OpenAsync();
        var (old, taken) = (WithEffect("e", "park", attachKey: "k"), WithEffect("f", "allow"));
        await store.AppendAsync(old, default);
        await store.AppendAsync(taken, default);
        var (blocked, successor) = (WithEffect("f", "park", attachKey: "k"), WithEffect("e", "park", attachKey: "k"));

        Assert.Equal(new AppendResult.EffectTaken(taken.CallId), await store.AppendAsync(Superseded(by: blocked), default));
        Assert.Equal(2, (await store.LoadAsync(old.CallId, default))!.Version);
        Assert.Null(await store.LoadAsync(blocked.CallId, default));

        var both = Superseded(by: successor);
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(both, default));
        // A lost answer, asked for again.
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(both, default));
        Assert.Equal((3L, 2L), ((await store.LoadAsync(old.CallId, default))!.Version, (await store.LoadAsync(successor.CallId, default))!.Version));
        Assert.Equal(new AppendResult.EffectTaken(successor.CallId), await store.AppendAsync(WithEffect("e", "allow"), default));

        var (late, third) = (Superseded(by: WithEffect("e", "park", attachKey: "k")), WithEffect("e", "park", attachKey: "k"));
        Assert.IsType<AppendResult.Conflict>(await store.AppendAsync(late, default));
        Assert.IsType<AppendResult.Conflict>(await store.AppendAsync(Superseded(by: third), default));
        Assert.Null(await store.LoadAsync(third.CallId, default));
        Assert.Empty(await store.RebuildAsync(repair: false, default));

        Append Superseded(Append by) =>
            Decide(old.CallId, EventsOf(old), new CallCommand.Invalidate("policy", "the rule changed", by.CallId, Noon)) with { Then = by };
    }

    [SkippableFact]
    public async Task Rebuild_AfterAnEffectWasLost_FindsAndRepairs()
    {
        var store = await OpenAsync();
        var held = WithEffect("e", "park");
        await store.AppendAsync(held, default);
        await TamperAsync(await TextAsync(), $"update {Table("calls")} set effect_key = null");

        Assert.Equal([held.CallId], await store.RebuildAsync(repair: true, default));
        Assert.Equal(new AppendResult.EffectTaken(held.CallId), await store.AppendAsync(WithEffect("e", "park"), default));
    }

    private static Append WithEffect(string key, string opening, string scope = Scope, string? attachKey = null)
    {
        var callId = NewId();
        var submitted = Submitted(callId, attachKey: attachKey) with { Scope = scope, Effect = $"text of {key}", EffectKey = key };
        return Decide(callId, [], opening == "park"
            ? new CallCommand.Park(submitted, Gate(Noon), Noon)
            : new CallCommand.Allow(submitted, new("search", "policy.yaml:1", Audited: false, Noon), Owner, callId, Noon));
    }
}
