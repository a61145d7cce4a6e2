using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>The people of the story: they decide whatever waits, one call of each life with the command line, which is sometimes killed too.</summary>
internal sealed class Deciders(CrashWorld world, Journal journal, Random random) : IAsyncDisposable
{
    private static readonly Actor Alice = new("alice", "test:alice", "test") { Roles = Roles.Approver };
    private readonly Gateway gateway = world.OpenGateway();

    public int CommandLines { get; private set; }
    public int KilledCommandLines { get; private set; }

    /// <summary>Decides until it is stopped; a command line that was started is waited for.</summary>
    public async Task DecideAsync(CancellationToken stop)
    {
        var (byCommandLine, commandLine) = ((string?)null, Task.CompletedTask);
        while (!stop.IsCancellationRequested)
        {
            foreach (var callId in await world.IdsAsync("pending"))
            {
                var intent = Payments.IntentOf(await world.PaymentOfAsync(callId));
                if (intent == Intent.LeaveAlone || (callId == byCommandLine && !commandLine.IsCompleted))
                {
                    continue;
                }

                if (intent == Intent.Approve && byCommandLine is null)
                {
                    byCommandLine = callId;
                    commandLine = ApproveByCommandLineAsync(callId, random.Next(3) == 0 ? TimeSpan.FromMilliseconds(random.Next(200, 900)) : null);
                    continue;
                }

                var decision = intent == Intent.Approve ? "approved" : "rejected";
                if ((await gateway.Decisions.DecideAsync(new(Alice, callId, decision, "rest"), default)).Accepted)
                {
                    journal.Decided[callId] = decision;
                }
            }

            await Task.Delay(10, CancellationToken.None);
        }

        await commandLine;
    }

    public ValueTask DisposeAsync() => gateway.DisposeAsync();

    private async Task ApproveByCommandLineAsync(string callId, TimeSpan? killAfter)
    {
        await using var process = GovernProcess.Start("approve", world.Settings, [callId]);
        CommandLines++;
        if (killAfter is { } after)
        {
            await Task.Delay(after);
            if (!process.HasExited)
            {
                process.KillHard();
                KilledCommandLines++;
            }
        }

        var end = await process.EndAsync();
        if (end.ExitCode == 0)
        {
            journal.Decided[callId] = "approved";
        }
        else
        {
            Assert.True(end.ExitCode == 137, $"approve {callId}: {end}");
        }
    }
}
