using McpGovern.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit.Abstractions;

namespace McpGovern.Tests.Crashes;

/// <summary>Two processes are asked for the same effects at once, many times each: every effect comes about once.</summary>
public sealed class EffectRaceTests(ITestOutputHelper output)
{
    private const int Effects = 12, AsksPerServer = 6;

    private static readonly object Policy = new
    {
        @default = "deny",
        allow = new[] { "payments.submit" },
        tools = new Dictionary<string, object> { ["payments.submit"] = new { effect = "payment:{payment_id}" } },
    };

    [SkippableTheory]
    [InlineData("sqlite", true)]
    [InlineData("postgres", true)]
    [InlineData("sqlite", false)]
    [InlineData("postgres", false)]
    public async Task Effects_AskedForThroughTwoServers_ComeAboutOnce_UnlessTheKeyIsNotHeld(string store, bool keyIsHeld)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        var (settings, ledger) = world.WriteSettings("effects", CrashWorld.Scope, "effects", TimeSpan.Zero, Policy);
        if (!keyIsHeld)
        {
            await DropKeyAsync(store, world.StoreText);
        }

        await using var one = AgentClient.LaunchHttp(settings, "0s");
        await using var two = AgentClient.LaunchHttp(settings, "0s");
        Assert.All(await Task.WhenAll(one.ConnectAsync(), two.ConnectAsync()), Assert.True);
        var asked = 0;
        var refused = new List<Heard>();
        // Without its index PostgreSQL is caught out now and then, when two look before either has written.
        for (var round = 0; round < (keyIsHeld ? 2 : 40) && !SomethingTwice(); round++)
        {
            var heard = await Task.WhenAll(Enumerable.Range(0, Effects).SelectMany(n => Enumerable.Repeat($"pay-{round}-{n}", AsksPerServer))
                .SelectMany(payment => new[] { one.SubmitAsync(payment), two.SubmitAsync(payment) }));
            asked += heard.Length;
            refused.AddRange(heard.Where(h => h!.IsError)!);
        }

        output.WriteLine($"| {store} | key held: {keyIsHeld} | asked {asked} times | ran {Lines().Count} | refused {refused.Count} |");
        Assert.Equal(asked, Lines().Count + refused.Count);
        // Where the key is taken away, the same eyes see what it prevents.
        Assert.Equal(!keyIsHeld, SomethingTwice());
        if (keyIsHeld)
        {
            Assert.Equal(2 * Effects, Lines().Count);
            Assert.All(refused, h => Assert.StartsWith("Not executed: ", h.Text, StringComparison.Ordinal));
            Assert.Empty(await world.Store.RebuildAsync(repair: false, default));
        }

        IReadOnlyList<(string? CallId, string Payment)> Lines() => CrashWorld.ReadLedger(ledger);

        bool SomethingTwice() => Lines().GroupBy(line => line.Payment).Any(same => same.Count() > 1);
    }

    // In SQLite writers come one after the other, so that looking would be enough: there the key itself is taken away.
    private static async Task DropKeyAsync(string store, string text)
    {
        if (store == "postgres")
        {
            await using var connection = new NpgsqlConnection(PostgresText.Read(text).ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("drop index mcpgovern.calls_one_effect", connection);
            await command.ExecuteNonQueryAsync();
        }
        else
        {
            await using var connection = new SqliteConnection($"Data Source={text["sqlite:".Length..]};Pooling=False");
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "drop index calls_one_effect; create trigger forget after insert on calls begin update calls set effect_key = null where call_id = new.call_id; end";
            await command.ExecuteNonQueryAsync();
        }
    }
}
