using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture.Storms;

/// <summary>SIGKILL for all of PostgreSQL while it is written to.</summary>
internal sealed class ClusterKillStorm : Storm
{
    private const int Callers = 8;
    private const string EarlyAck = "acknowledge first";

    public override string Name => "PostgreSQL killed under load";
    public override string Unit => "cluster kills";
    public override int Full => 20;
    public override IReadOnlyList<(string, int)> Controls => [(EarlyAck, 3)];

    public override string? WhyNot() => PostgresStorms.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var text = await server.CreateOwnDatabaseAsync();
        var opened = CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await using ICallStore store = bug is null ? opened : new HastyStore(opened, nameof(ToolApprovalRequired));
        await store.PrepareAsync(default);
        while (tally.Done < count && (bug is null || tally.Violations == 0))
        {
            using var stop = new CancellationTokenSource();
            var loading = PostgresStorms.LoadAsync(store, Callers, onlyParks: bug is not null, tally, stop.Token);
            await Task.Delay(200 + random.Next(800), CancellationToken.None);
            await server.KillAsync();
            await Task.Delay(random.Next(300), CancellationToken.None);
            await server.StartAsync();
            await stop.CancelAsync();
            var acknowledged = await loading;
            tally.Count();
            tally.Note("acknowledged", acknowledged.Count);
            foreach (var wrong in await Writer.LookAsync(text, acknowledged))
            {
                tally.Violation(wrong);
            }
        }
    }
}
