using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using McpGovern.Torture.Grounds;
using Npgsql;

namespace McpGovern.Torture.Storms;

/// <summary>Calls are parked through a serving process by the thousand: none holds a thread, a connection, a lock, or more than a little memory.</summary>
internal sealed class ParkedHoldStorm(string engine) : Storm
{
    private const string WaitsForEach = "a request is held open for each";
    private const int AtOnce = 32, Warm = 500, MostMore = 40;
    private const long MostMebibytes = 50;

    public override string Name => $"parked calls hold nothing, {engine}";
    public override string Unit => "parked calls";
    public override int Full => 10_000;
    public override IReadOnlyList<(string, int)> Controls => [(WaitsForEach, 200)];

    public override string? WhyNot() => engine == "postgres" ? PostgresStorms.WhyNot() : ProcessSize.WhyNot();

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var ground = await Ground.CreateAsync(engine);
        await using var agent = AgentClient.LaunchHttp(ground.World.Settings, bug is null ? "0s" : "50s", new Dictionary<string, string?>
        {
            // What is garbage is not held: it is not to lie about for long.
            ["DOTNET_GCgen0size"] = "0x400000",
            ["DOTNET_gcConcurrent"] = "0",
        });
        if (!await agent.ConnectAsync())
        {
            throw new InvalidOperationException(agent.Process.Errors);
        }

        if (bug is null)
        {
            await ParkAsync(agent, "warm", Warm, AtOnce);
        }

        await Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None);
        var (before, connectionsBefore) = (ProcessSize.Of(agent.Process.Id), await ConnectionsAsync(ground));
        var parking = ParkAsync(agent, "many", count, bug is null ? AtOnce : count);
        if (bug is null)
        {
            await parking;
        }

        await Task.Delay(TimeSpan.FromSeconds(5), CancellationToken.None);
        var parked = (await ground.World.Store.CountPendingAsync(CrashWorld.Scope, CrashWorld.Agent, default)) - (bug is null ? Warm : 0);
        tally.Count(parked);
        var (after, connections) = (ProcessSize.Of(agent.Process.Id), await ConnectionsAsync(ground));
        Judge(tally, "MiB more", after.Mebibytes - before.Mebibytes, MostMebibytes);
        Judge(tally, "more open files", after.Files - before.Files, MostMore);
        Judge(tally, "more threads", after.Threads - before.Threads, MostMore);
        Judge(tally, "more connections to the store", connections - connectionsBefore, MostMore);
        // Somebody else can write: nothing is locked.
        await ground.World.Store.AppendAsync(TestCalls.Park(), default).WaitAsync(Eventually.Limit, CancellationToken.None);
        agent.ExpectEnd();
        await agent.KillAsync();
        await parking;
    }

    private static void Judge(Tally tally, string what, long value, long most)
    {
        tally.Note(what, value);
        if (value > most)
        {
            tally.Violation($"{tally.Done} parked calls: {value} {what}");
        }
    }

    private static Task ParkAsync(AgentClient agent, string name, int count, int atOnce) => Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (n, _) => await agent.SubmitAsync($"pay-{name}-{n}"));

    private async Task<long> ConnectionsAsync(Ground ground)
    {
        if (engine != "postgres")
        {
            return 0;
        }

        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ground.World.StoreText) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select count(*) from pg_stat_activity where datname = current_database()", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
