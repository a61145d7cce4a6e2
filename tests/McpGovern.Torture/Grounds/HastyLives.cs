using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Grounds;

/// <summary>The control: a gateway that acknowledges before it has written, killed at a named point, must be seen to break its promise.</summary>
internal static class HastyLives
{
    private static readonly Actor Alice = new("alice", "test:alice", "test") { Roles = Roles.Approver };

    public static async Task<IReadOnlyList<string>> ParkAsync(Ground ground)
    {
        var journal = new Journal();
        await using var agent = Launch(ground, nameof(ToolApprovalRequired), "0s", new("park_appended", 3, "kill"));
        if (await agent.ConnectAsync())
        {
            for (var n = 0; n < 3; n++)
            {
                await HearAsync(agent, journal, $"pay-hasty-{n}");
            }
        }

        await agent.KillAsync();
        return await Oracle.LookAsync(ground.World, journal);
    }

    public static async Task<IReadOnlyList<string>> DispatchAsync(Ground ground)
    {
        var journal = new Journal();
        await using var agent = Launch(ground, nameof(DispatchStarted), "50s", new(FaultPlan.OutcomeOpen, 1, "kill"));
        if (await agent.ConnectAsync())
        {
            var asking = HearAsync(agent, journal, "pay-hasty-0");
            await Eventually.TrueAsync(async () => (await ground.World.IdsAsync("pending")).Count > 0, () => "the call was not parked");
            await using var gateway = ground.World.OpenGateway();
            await gateway.Decisions.DecideAsync(new(Alice, (await ground.World.IdsAsync("pending"))[0], "approved", "rest"), default);
            await asking;
        }

        await agent.KillAsync();
        return await Oracle.LookAsync(ground.World, journal);
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

    private static AgentClient Launch(Ground ground, string early, string hold, FaultPlan plan) =>
        AgentClient.Launch(ground.World.Settings, hold, early, new Dictionary<string, string?> { [FaultPoints.Variable] = plan.ToString() });
}
