using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>The store takes a record, and its answer is lost for good: what the process then says and does is true all the same.</summary>
public sealed class LostAnswerTests
{
    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Gated_WhoseDispatchIsInDoubt_IsSentByTheLivingProcess(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        await using var agent = await ServeAsync(world, "dispatch_appended:1:throw");
        var callId = (await agent.SubmitAsync("pay-1"))!.CallId!;
        var approved = await GovernProcess.RunToEndAsync("approve", world.Settings, [callId]);
        Assert.True(approved.ExitCode == 0, approved.ToString());

        await UntilAsync(world, agent, callId, "succeeded");

        var events = (await world.Store.LoadAsync(callId, default))!.Events;
        Assert.StartsWith("nothing was sent", Assert.Single(events.OfType<DispatchDeferred>()).Why, StringComparison.Ordinal);
        Assert.Equal([1, 2], events.OfType<DispatchStarted>().Select(start => start.Attempt));
        Assert.Single(world.ReadLedger());
    }

    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Allowed_WhoseDispatchIsInDoubt_IsEndedByTheLivingProcess(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        var effect = new Dictionary<string, object> { ["payments.submit"] = new { effect = "pay:{payment_id}" } };
        var policy = new { @default = "deny", allow = new[] { "payments.submit" }, tools = effect };
        var (settings, _) = world.WriteSettings("open", CrashWorld.Scope, "main", TimeSpan.Zero, policy);
        await using var agent = await ServeAsync(world, "allow_appended:1:throw", settings);

        var heard = await agent.SubmitAsync("pay-1");

        Assert.StartsWith("Not executed", heard!.Text, StringComparison.Ordinal);
        var callId = Assert.Single(await world.AllCallsAsync()).CallId;
        await UntilAsync(world, agent, callId, "failed");
        var view = CallView.From(callId, (await world.Store.LoadAsync(callId, default))!.Events);
        Assert.Equal("nothing was sent: the store's answer to its start was lost", view.Reason);
        Assert.Empty(world.ReadLedger());
        // Its effect is free again.
        Assert.False((await agent.SubmitAsync("pay-1"))!.IsError);
        Assert.Single(world.ReadLedger());
    }

    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Park_InDoubt_NamesTheCallThatMayWait(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        await using var agent = await ServeAsync(world, "park_appended:1:throw");

        var heard = (await agent.SubmitAsync("pay-1"))!;

        Assert.True(heard.IsError);
        Assert.DoesNotContain("Not executed", heard.Text, StringComparison.Ordinal);
        Assert.Contains($"It may have been recorded as {heard.CallId}", heard.Text, StringComparison.Ordinal);
        Assert.Null(heard.Status);
        Assert.Equal("pending", (await agent.FetchAsync(heard.CallId!, waitSeconds: 0))!.Status);
        Assert.Equal((heard.CallId, "pending"), await agent.SubmitAsync("pay-1") is { } again ? (again.CallId, again.Status) : default);
        Assert.Single(await world.AllCallsAsync());
    }

    [SkippableFact]
    public async Task Decision_InDoubt_IsNotSaidToBeUnrecorded()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var agent = await ServeAsync(world, "decide_appended:1:throw");
        var callId = (await agent.SubmitAsync("pay-1"))!.CallId!;
        using var alice = new RestDecider(agent.Address, "alice");

        var (word, detail) = await alice.TryAsync("reject", callId);

        Assert.Equal("unavailable", word);
        Assert.StartsWith("it is not known whether this was recorded", detail, StringComparison.Ordinal);
        Assert.Equal("already_recorded", await alice.AskAsync("reject", callId));
    }

    [SkippableFact]
    public async Task Park_ThatProvablyFailed_IsNotExecutedAndNamesNoCall()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var agent = await ServeAsync(world, "park_before_append:1:throw");

        var heard = (await agent.SubmitAsync("pay-1"))!;

        Assert.StartsWith("Not executed: the call could not be recorded", heard.Text, StringComparison.Ordinal);
        Assert.Null(heard.CallId);
        Assert.Empty(await world.AllCallsAsync());
    }

    private static async Task<AgentClient> ServeAsync(CrashWorld world, string fault, string? settings = null)
    {
        var agent = AgentClient.LaunchHttp(settings ?? world.Settings, "0s", new Dictionary<string, string?> { [FaultPoints.Variable] = fault });
        Assert.True(await agent.ConnectAsync());
        return agent;
    }

    private static Task UntilAsync(CrashWorld world, AgentClient agent, string callId, string status) => Eventually.TrueAsync(
        async () => Oracle.StatusOf((await world.Store.LoadAsync(callId, default))!) == status, () => $"{callId} is not {status}; the process says:\n{agent.Process.Errors}");
}
