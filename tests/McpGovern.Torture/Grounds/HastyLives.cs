using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Grounds;

/// <summary>A bug that the storm over the named points has to find: the product's own parts with one of them broken, and the fault that brings it to light.</summary>
/// <param name="Action">The kind of fault.</param>
/// <param name="Idempotent">On a ground where a payment is declared harmless to send twice.</param>
internal sealed record HastyBug(string Name, string Action, Func<Ground, Task> LiveAsync, Journal Journal, bool Idempotent = false);

/// <summary>The controls: gateways that do not keep to what they record. What is wrong is said by the oracle, when all of them are gone.</summary>
internal static class HastyLives
{
    private const string LongHold = "50s";

    private static readonly Actor Alice = new("alice", "test:alice", "test") { Roles = Roles.Approver };
    private static readonly TimeSpan LongestRepeat = TimeSpan.FromSeconds(15);

    // The product itself passes the point first, and its broken store second.
    private const int InTheStore = 2;

    /// <summary>New ones, each with nothing in its journal.</summary>
    public static IReadOnlyList<HastyBug> All =>
    [
        Parks("acknowledge parks first", nameof(ToolApprovalRequired), new("park_appended", 3, "kill")),
        Runs("send before it is recorded", nameof(DispatchStarted), new(FaultPlan.OutcomeOpen, 1, "kill"), (_, agent) => UntilItIsDeadAsync(agent)),
        Parks("take a park that failed for recorded", HastyStore.Failed + nameof(ToolApprovalRequired), new("park_before_append", InTheStore, "throw")),
        Runs("take an outcome that failed for recorded", HastyStore.Failed + nameof(CallSucceeded), new(FaultPlan.OutcomeOpen, InTheStore, "throw"), UntilPaidTwiceAsync),
        Runs("send while the recording is late", nameof(DispatchStarted), new("dispatch_before_append", InTheStore, "delay"), UntilPaidAsync),
        Runs("send while the recording hangs", nameof(DispatchStarted), new("dispatch_before_append", InTheStore, "hang"), UntilPaidAsync),
        TakesOver("take over from a living process", new(FaultPlan.OutcomeOpen, 1, "hang")),
    ];

    /// <returns>What the oracle says of it.</returns>
    public static async Task<IReadOnlyList<string>> LookAsync(HastyBug bug, Ground ground)
    {
        await bug.LiveAsync(ground);
        return await Oracle.LookAsync(ground.World, bug.Journal);
    }

    private static HastyBug Parks(string name, string early, FaultPlan plan)
    {
        var journal = new Journal();
        return new(name, plan.Action, async ground =>
        {
            await using var agent = Launch(ground, early, "0s", plan);
            if (await agent.ConnectAsync())
            {
                for (var n = 0; n < 3; n++)
                {
                    await HearAsync(agent, journal, $"pay-hasty-{n}");
                }
            }

            await agent.KillAsync();
        }, journal);
    }

    private static HastyBug Runs(string name, string early, FaultPlan plan, Func<Ground, AgentClient, Task> until)
    {
        var journal = new Journal();
        return new(name, plan.Action, async ground =>
        {
            await using var agent = Launch(ground, early, LongHold, plan);
            var asking = await PayAsync(ground, agent, journal);
            await until(ground, agent);
            await agent.KillAsync();
            await asking;
        }, journal);
    }

    private static HastyBug TakesOver(string name, FaultPlan plan)
    {
        var journal = new Journal();
        return new(name, plan.Action, async ground =>
        {
            await using var owner = Launch(ground, null, LongHold, plan);
            var asking = await PayAsync(ground, owner, journal);
            await UntilPaidAsync(ground, owner);
            await using var other = Launch(ground, HastyStore.BlindToLeases, "0s", null);
            if (await other.ConnectAsync())
            {
                await UntilPaidTwiceAsync(ground, other);
            }

            await other.KillAsync();
            await owner.KillAsync();
            await asking;
        }, journal, Idempotent: true);
    }

    /// <summary>Parks a payment whose answer is waited for, and approves it.</summary>
    /// <returns>The waiting.</returns>
    private static async Task<Task> PayAsync(Ground ground, AgentClient agent, Journal journal)
    {
        if (!await agent.ConnectAsync())
        {
            return Task.CompletedTask;
        }

        var asking = HearAsync(agent, journal, "pay-hasty-0");
        await Eventually.TrueAsync(async () => (await ground.World.IdsAsync("pending")).Count > 0, () => "the call was not parked");
        await using var gateway = ground.World.OpenGateway();
        await gateway.Decisions.DecideAsync(new(Alice, (await ground.World.IdsAsync("pending"))[0], "approved", "rest"), default);
        return asking;
    }

    private static Task UntilItIsDeadAsync(AgentClient agent) =>
        Eventually.TrueAsync(() => agent.Process.HasExited, () => "it did not come to the point at which it dies");

    private static Task UntilPaidAsync(Ground ground, AgentClient agent) =>
        Eventually.TrueAsync(() => ground.World.ReadLedger().Count > 0, () => $"nothing was paid: {agent.Process.Errors}");

    private static async Task UntilPaidTwiceAsync(Ground ground, AgentClient agent)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (ground.World.ReadLedger().Count < 2 && !agent.Process.HasExited && TimeProvider.System.GetElapsedTime(began) < LongestRepeat)
        {
            await Task.Delay(20);
        }
    }

    private static async Task HearAsync(AgentClient agent, Journal journal, string payment)
    {
        try
        {
            if (await agent.SubmitAsync(payment) is { } heard)
            {
                journal.Hear(payment, heard);
            }
        }
        catch (IOException)
        {
            // The end of a process is seen at its pipe first.
        }
    }

    private static AgentClient Launch(Ground ground, string? early, string hold, FaultPlan? plan) =>
        AgentClient.Launch(ground.World.Settings, hold, early, new Dictionary<string, string?> { [FaultPoints.Variable] = plan?.ToString() });
}
