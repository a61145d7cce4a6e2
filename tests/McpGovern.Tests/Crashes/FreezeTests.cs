using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>One process freezes, another one's dispatch stops: all that they share is the store.</summary>
public sealed class FreezeTests
{
    [SkippableTheory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Freeze_ByTheCommandLine_StopsAServer_UntilItIsLifted(string store)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        await using var server = AgentClient.Launch(world.Settings);
        Assert.True(await server.ConnectAsync());
        var callId = (await server.SubmitAsync("pay-1"))!.CallId!;
        await RunAsync(world, "freeze", "server", "payments", "--comment", "a drill");
        // So long after it a server may go by what it knew.
        await Task.Delay(Freezes.MaxAge * 2);
        await RunAsync(world, "approve", callId);
        CallView? view = null;
        await Eventually.TrueAsync(async () => (view = await ViewAsync(world, callId)).Deferred is not null, () => $"{callId} was not put off, it is {view?.Status}");
        Assert.Contains("a drill", view!.Deferred!.Why, StringComparison.Ordinal);
        Assert.Contains("server payments", (await RunAsync(world, "freeze")).Output, StringComparison.Ordinal);
        Assert.Empty(world.ReadLedger());

        await RunAsync(world, "unfreeze", "server", "payments");

        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => $"it does not run: {server.Process.Errors}");
        Assert.Equal("nothing is frozen", (await RunAsync(world, "freeze")).Output.Trim());
    }

    [SkippableFact]
    public async Task Freeze_ThatAServerDoesNotLookAt_IsSeenNotToStopIt()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var server = AgentClient.Launch(world.Settings, fault: HastyStore.BlindToFreezes);
        Assert.True(await server.ConnectAsync());
        var callId = (await server.SubmitAsync("pay-1"))!.CallId!;
        await RunAsync(world, "freeze", "all", "--comment", "a drill");
        await RunAsync(world, "approve", callId);

        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => "the control is blind: the call did not run");
    }

    [SkippableFact]
    public async Task Freeze_OverRest_IsTheOperators()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var server = await GovernProcess.ServeAsync(world.Settings);
        var alice = new Dictionary<string, string?> { ["MCPGOVERN_KEY"] = CrashWorld.KeyOf("alice") };
        var olga = new Dictionary<string, string?> { ["MCPGOVERN_KEY"] = CrashWorld.KeyOf(CrashWorld.Operator) };
        var address = server.Address.GetLeftPart(UriPartial.Authority);

        Assert.Equal(4, (await CliAsync(alice, "freeze", "all", "--comment", "no")).ExitCode);
        Assert.Equal(4, (await CliAsync(alice, "freeze")).ExitCode);
        Assert.Equal(2, (await CliAsync(olga, "freeze", "all")).ExitCode);
        Assert.Equal(0, (await CliAsync(olga, "freeze", "actor", "agent:x", "--comment", "a drill")).ExitCode);
        Assert.Contains("frozen by olga", (await CliAsync(olga, "freeze")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await CliAsync(olga, "unfreeze", "actor", "agent:x")).ExitCode);
        Assert.Equal(5, (await CliAsync(olga, "unfreeze", "actor", "agent:x")).ExitCode);

        Task<Finished> CliAsync(Dictionary<string, string?> key, string verb, params string[] args) =>
            GovernProcess.RunToEndAsync(verb, world.Settings, [.. args, "--server", address], key);
    }

    private static async Task<Finished> RunAsync(CrashWorld world, string verb, params string[] args)
    {
        var end = await GovernProcess.RunToEndAsync(verb, world.Settings, args);
        Assert.True(end.ExitCode == 0, end.ToString());
        return end;
    }

    private static async Task<CallView> ViewAsync(CrashWorld world, string callId) =>
        CallView.From(callId, (await world.Store.LoadAsync(callId, default))!.Events);
}
