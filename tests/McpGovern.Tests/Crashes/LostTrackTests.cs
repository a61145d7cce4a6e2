using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>The store goes away just after a step was stored, and the process lives on: its lease must not keep the call for ever.</summary>
public sealed class LostTrackTests
{
    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Dispatch_StoredWithoutTheProcessKnowing_BecomesUnknownWhileItLives(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        await using var agent = await ServeAsync(world, "dispatch_appended:1:throw");
        var callId = (await agent.SubmitAsync("pay-1"))!.CallId!;
        using var alice = new RestDecider(agent.Address, "alice");
        Assert.Equal("recorded", await alice.ApproveAsync(callId));

        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) == "outcome_unknown", () => $"it is stuck: {agent.Process.Errors}");

        Assert.Empty(world.ReadLedger());
        Assert.False(agent.Process.HasExited);
    }

    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task AllowedCall_StoredWithoutTheProcessKnowing_BecomesUnknownWhileItLives(string store)
    {
        await using var world = await FaultStory.CreateWorldAsync(store);
        await using var agent = await ServeAsync(world, "allow_appended:1:throw");

        await agent.LookAsync();

        await Eventually.TrueAsync(async () => (await world.IdsAsync("outcome_unknown")).Count == 1, () => $"it is stuck: {agent.Process.Errors}");
    }

    /// <summary>A call that takes longer than two sweeps is not taken for lost.</summary>
    [SkippableFact]
    public async Task Dispatch_ThatIsUnderWay_IsLeftAlone()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.FromSeconds(6));
        await using var agent = await ServeAsync(world, "dispatch_appended:2:throw");
        var callId = (await agent.SubmitAsync("pay-1"))!.CallId!;
        using var alice = new RestDecider(agent.Address, "alice");
        await alice.ApproveAsync(callId);

        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) is not ("approved" or "dispatching"), () => agent.Process.Errors);

        Assert.Equal("succeeded", await StatusAsync(world, callId));
    }

    private static async Task<AgentClient> ServeAsync(CrashWorld world, string fault)
    {
        var agent = AgentClient.LaunchHttp(world.Settings, "0s", new Dictionary<string, string?> { [FaultPoints.Variable] = fault });
        Assert.True(await agent.ConnectAsync());
        return agent;
    }

    private static async Task<string> StatusAsync(CrashWorld world, string callId) => Oracle.StatusOf((await world.Store.LoadAsync(callId, default))!);
}
