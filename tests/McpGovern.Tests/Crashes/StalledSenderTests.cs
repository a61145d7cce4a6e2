using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>A process that stalls between the record of a dispatch and its first byte looks again before it sends.</summary>
public sealed class StalledSenderTests
{
    // Long enough to stop the process in it, or to freeze what it is about to send.
    private static readonly Dictionary<string, string?> Stall = new() { [FaultPoints.Variable] = "dispatch_before_first_byte:1:stall" };
    private static readonly Actor Olga = new(CrashWorld.Operator, "key:olga", "key") { Roles = Roles.Operator };

    [SkippableTheory]
    [InlineData("postgres")]
    [InlineData("sqlite")]
    public async Task Call_GivenUpAndResolvedWhileItsOwnerWasStopped_IsNeverSent(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        await using var owner = AgentClient.LaunchHttp(world.Settings, "0s", Stall);
        var callId = await ApprovedAsync(world, owner);
        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) == "dispatching", () => $"it was not begun: {owner.Process.Errors}");

        await world.FreezeAsync(owner.Process);
        try
        {
            Assert.Empty(world.ReadLedger());
            await using var other = await GovernProcess.ServeAsync(world.Settings);
            await Eventually.TrueAsync(async () => await StatusAsync(world, callId) == "outcome_unknown", () => $"nobody gave it up: {other.Process.Errors}");
            await using var gateway = world.OpenGateway();
            Assert.Equal("recorded", (await gateway.Decisions.ResolveAsync(new(Olga, callId, "rest", "failed", "looked"), default)).Answer);
        }
        finally
        {
            owner.Process.Thaw();
        }

        await Eventually.TrueAsync(() => owner.Process.Errors.Contains("is not sent after all", StringComparison.Ordinal) || world.ReadLedger().Count > 0,
            () => $"it did neither: {owner.Process.Errors}");
        Assert.Empty(world.ReadLedger());
        // It goes on with other calls.
        Assert.NotNull((await owner.SubmitAsync("pay-2"))!.CallId);
        Assert.Empty(world.ReadLedger());
        var events = (await world.Store.LoadAsync(callId, default))!.Events;
        Assert.IsType<OutcomeResolved>(events[^1]);
    }

    [SkippableFact]
    public async Task Call_FrozenWhileItsOwnerStalled_IsPutOffAndRunsWhenThatIsLifted()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var gateway = world.OpenGateway();
        await using var owner = AgentClient.LaunchHttp(world.Settings, "0s", Stall);
        var callId = await ApprovedAsync(world, owner);
        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) == "dispatching", () => $"it was not begun: {owner.Process.Errors}");
        Assert.Equal("recorded", (await gateway.FreezeHandler.FreezeAsync(new(Olga, "all", null, "a drill", "rest"), default)).Answer);

        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) == "approved", () => $"it was not put off: {owner.Process.Errors}");
        var events = (await world.Store.LoadAsync(callId, default))!.Events;
        Assert.StartsWith("frozen by olga", Assert.IsType<DispatchDeferred>(events[^1]).Why, StringComparison.Ordinal);
        Assert.Empty(world.ReadLedger());
        Assert.Equal("recorded", (await gateway.FreezeHandler.UnfreezeAsync(new(Olga, "all", null, null, "rest"), default)).Answer);

        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) == "succeeded", () => $"it was not run: {owner.Process.Errors}");
        Assert.Single(world.ReadLedger());
    }

    /// <summary>An approval that is good for less than the stall: whether it ran out before the dispatch or after it, nothing is paid.</summary>
    [SkippableFact]
    public async Task Call_WhoseApprovalRanOutWhileItsOwnerStalled_Expires()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        var (settings, ledger) = world.WriteSettings("short", CrashWorld.Scope, "short", TimeSpan.Zero, new
        {
            @default = "deny",
            require_approval_for = new[] { new { tools = "payments.submit", deadline = "1h", valid_for = "1s" } },
        });
        await using var owner = AgentClient.LaunchHttp(settings, "0s", Stall);
        var callId = await ApprovedAsync(world, owner);

        await Eventually.TrueAsync(async () => await StatusAsync(world, callId) is "expired" or "succeeded", () => $"it stays as it is: {owner.Process.Errors}");
        Assert.Empty(CrashWorld.ReadLedger(ledger));
        Assert.Equal("expired", await StatusAsync(world, callId));
    }

    /// <summary>Allowed calls are not put off: whoever asked is told, and may ask again.</summary>
    [SkippableFact]
    public async Task AllowedCall_FrozenWhileItsOwnerStalled_FailsUnsent()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var gateway = world.OpenGateway();
        var (settings, ledger) = world.WriteSettings("open", CrashWorld.Scope, "open", TimeSpan.Zero, new { @default = "allow" });
        await using var owner = AgentClient.LaunchHttp(settings, "0s", Stall);
        Assert.True(await owner.ConnectAsync());
        var asking = owner.SubmitAsync("pay-1");
        await Eventually.TrueAsync(async () => (await world.IdsAsync("dispatching")).Count == 1, () => $"it was not begun: {owner.Process.Errors}");
        Assert.Equal("recorded", (await gateway.FreezeHandler.FreezeAsync(new(Olga, "all", null, "a drill", "rest"), default)).Answer);

        var heard = (await asking)!;

        Assert.True(heard.IsError, heard.Text);
        Assert.Contains("a drill", heard.Text, StringComparison.Ordinal);
        Assert.Single(await world.IdsAsync("failed"));
        Assert.Empty(CrashWorld.ReadLedger(ledger));
    }

    private static async Task<string> ApprovedAsync(CrashWorld world, AgentClient owner)
    {
        Assert.True(await owner.ConnectAsync());
        var callId = (await owner.SubmitAsync("pay-1"))!.CallId!;
        using var alice = new RestDecider(owner.Address, "alice");
        Assert.Equal("recorded", await alice.ApproveAsync(callId));
        Assert.Empty(world.ReadLedger());
        return callId;
    }

    private static async Task<string> StatusAsync(CrashWorld world, string callId) => Oracle.StatusOf((await world.Store.LoadAsync(callId, default))!);
}
