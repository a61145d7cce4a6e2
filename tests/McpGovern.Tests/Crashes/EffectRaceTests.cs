using McpGovern.Tests.Processes;
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
        var payments = Enumerable.Range(0, Effects).Select(n => $"pay-{n}").ToArray();
        var asks = Enumerable.Range(0, AsksPerServer).SelectMany(_ => payments.SelectMany(payment => new[] { (one, payment), (two, payment) }));
        var heard = await Task.WhenAll(asks.Select(ask => ask.Item1.SubmitAsync(ask.payment)));

        var lines = CrashWorld.ReadLedger(ledger);
        var refused = heard.Count(h => h!.IsError);
        output.WriteLine($"| {store} | key held: {keyIsHeld} | {Effects} effects | asked {heard.Length} times | ran {lines.Count} | refused {refused} |");
        Assert.Equal(heard.Length, lines.Count + refused);
        if (keyIsHeld)
        {
            Assert.Equal(payments.Order(), lines.Select(line => line.Payment).Order());
            Assert.All(heard.Where(h => h!.IsError), h => Assert.StartsWith("Not executed: ", h!.Text, StringComparison.Ordinal));
            Assert.Empty(await world.Store.RebuildAsync(repair: false, default));
        }
        else
        {
            // The control: the same eyes see what the key prevents.
            Assert.Contains(lines.GroupBy(line => line.Payment), same => same.Count() > 1);
        }
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
