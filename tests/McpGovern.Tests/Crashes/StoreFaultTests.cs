using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpGovern.Tests.Crashes;

/// <summary>A store that takes no writes: refused with cause and cure, nothing sent, nothing lost, and it goes on without a restart.</summary>
public sealed class StoreFaultTests
{
    private static readonly object Policy = new
    {
        @default = "deny",
        allow = new[] { "payments.submit" },
        require_approval_for = new[] { new { tools = "payments.submit", when = new { payment_id = new { glob = "pay-*" } }, deadline = "1h" } },
    };

    [SkippableTheory]
    [InlineData("write,pwrite64", "ENOSPC", "make room on its disk")]
    [InlineData("fsync,fdatasync", "EIO", "look at its disk")]
    [InlineData("write,pwrite64", "EIO", "look at its disk")]
    public async Task Sqlite_ThatFailsUnderALivingProcess_IsRefusedUntilItIsCured(string calls, string error, string cure)
    {
        Requirement.SkipUnless(File.Exists("/usr/bin/strace"), "strace makes the disk fail");
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        var (settings, _) = world.WriteSettings("both", CrashWorld.Scope, "main", TimeSpan.Zero, Policy);
        await using var agent = AgentClient.LaunchHttp(settings, "0s");
        Assert.True(await agent.ConnectAsync());
        var parked = (await agent.SubmitAsync("pay-1"))!.CallId!;
        using var alice = new RestDecider(agent.Address, "alice");

        var broken = await BreakAsync(calls, error, agent.Process.Id, world.StoreText["sqlite:".Length..]);
        var (allowed, gated) = ((await agent.SubmitAsync("open-1"))!, (await agent.SubmitAsync("pay-2"))!);
        var (decided, _) = await alice.TryAsync("approve", parked);
        await broken.DisposeAsync();

        Assert.True(allowed.IsError && gated.IsError, $"{allowed} {gated}");
        Assert.StartsWith("Not executed: the call could not be recorded", allowed.Text, StringComparison.Ordinal);
        Assert.Contains(cure, allowed.Text, StringComparison.Ordinal);
        Assert.Equal("unavailable", decided);
        Assert.Empty(world.ReadLedger());

        Assert.False((await agent.SubmitAsync("open-2"))!.IsError);
        Assert.Contains(await alice.AskAsync("approve", parked), new[] { "recorded", "already_recorded" });
        await Eventually.TrueAsync(
            async () => Oracle.StatusOf((await world.Store.LoadAsync(parked, default))!) == "succeeded", () => $"it does not run: {agent.Process.Errors}");
        Assert.Equal(["open-2", "pay-1"], world.ReadLedger().Select(line => line.Payment));
        Assert.False(agent.Process.HasExited);
        Assert.Empty(await world.Store.RebuildAsync(repair: false, default));
    }

    [SkippableFact]
    public async Task Postgres_ThatTakesNoWrites_IsRefusedUntilItDoes()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateOwnDatabaseAsync();
        await using var story = new Story("allow: [odd]\nrequire_approval_for: [pid]\ndefault: deny");
        var gateway = await story.StartAsync(serve: false, storeText: database);
        await gateway.OpenAsync(default);
        gateway.Serve(() => true);
        Assert.False((await gateway.CallAsync("odd")).IsError);
        var parked = await gateway.ParkAsync("pid");

        await SetReadOnlyAsync(database, "on");
        var (allowed, gated) = (await gateway.CallAsync("odd"), await gateway.CallAsync("pid", """{"n":2}"""));
        var decided = await gateway.DecideAsync(parked, "approved");

        Assert.All([allowed, gated], told =>
        {
            Assert.True(told.IsError);
            Assert.StartsWith("Not executed: the call could not be recorded", told.Text, StringComparison.Ordinal);
            Assert.Contains("it takes no writes: name the primary server, or lift default_transaction_read_only", told.Text, StringComparison.Ordinal);
        });
        Assert.Equal("unavailable", decided.Answer);
        Assert.Single(story.Ledger);

        await SetReadOnlyAsync(database, "off");
        Assert.False((await gateway.CallAsync("odd")).IsError);
        await gateway.ApproveAsync(parked);
        await gateway.UntilAsync(parked, "succeeded");
        Assert.Equal(["odd {}", "odd {}", "pid {}"], story.Ledger);
        Assert.Equal(3, (await gateway.AllAsync()).Count);
    }

    [SkippableFact]
    public async Task Sqlite_ThatMayNotBeWritten_IsRefusedUntilItMay()
    {
        Requirement.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/setpriv"), "file modes bind root only without its capabilities");
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        var file = world.StoreText["sqlite:".Length..];
        var (settings, _) = world.WriteSettings("both", CrashWorld.Scope, "main", TimeSpan.Zero, Policy);
        SetMode(file, UnixFileMode.UserRead);
        string[] wrapper = Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];
        await using var agent = AgentClient.LaunchHttp(settings, "0s", wrapper: wrapper);
        Assert.True(await agent.ConnectAsync());

        var heard = (await agent.SubmitAsync("open-1"))!;

        Assert.StartsWith("Not executed: the call could not be recorded", heard.Text, StringComparison.Ordinal);
        Assert.Contains("let this user write the file and its folder", heard.Text, StringComparison.Ordinal);
        Assert.Empty(world.ReadLedger());
        SetMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Heard? again = null;
        await Eventually.TrueAsync(async () => (again = await agent.SubmitAsync("open-2")) is { IsError: false }, () => $"{again}; {agent.Process.Errors}");
        Assert.Equal(["open-2"], world.ReadLedger().Select(line => line.Payment));
    }

    /// <summary>Two containers that start together: the database is there, empty, a while after the gateway.</summary>
    [SkippableFact]
    public async Task Postgres_AwayWhenTheProcessStarts_IsMadeReadyWhenItComes()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateOwnDatabaseAsync();
        using var folder = new TempFolder();
        var settings = folder.WriteJson("govern.json", new { version = 1, store = database, policy = new { @default = "deny" }, mcpServers = new { } });
        await server.StopAsync();
        await using var serving = GovernProcess.Start("serve", settings, ["--listen", $"http://127.0.0.1:{GovernProcess.FreePort()}"]);
        await Eventually.TrueAsync(() => serving.HasExited || serving.Errors.Contains("every call is refused until it is", StringComparison.Ordinal), "the word that there is no store");

        await server.StartAsync();

        await Eventually.TrueAsync(async () => await CountAsync() > 0, () => $"nobody made the tables: {serving.Output} {serving.Errors}");
        Assert.False(serving.HasExited);

        async Task<long> CountAsync()
        {
            await using var connection = new NpgsqlConnection(database + ";Pooling=false");
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("select count(*) from information_schema.tables where table_schema = 'mcpgovern' and table_name = 'calls'", connection);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    [SkippableTheory]
    [InlineData("serve")]
    [InlineData("stdio")]
    public async Task Postgres_ThatComesWithANewerSchema_EndsTheProcessAsAtItsStart(string verb)
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateOwnDatabaseAsync();
        await using (var store = CallStores.Open(database, TimeProvider.System, NullLoggerFactory.Instance))
        {
            await store.PrepareAsync(default);
        }

        await SayAsync(database, "update mcpgovern.schema_version set version = 4711");
        using var folder = new TempFolder();
        var settings = folder.WriteJson("govern.json", new { version = 1, store = database, policy = new { @default = "deny" }, mcpServers = new { } });
        string[] args = verb == "serve" ? ["--listen", $"http://127.0.0.1:{GovernProcess.FreePort()}"] : [];
        await server.StopAsync();
        await using var serving = GovernProcess.Start(verb, settings, args);
        await Eventually.TrueAsync(() => serving.HasExited || serving.Errors.Contains("every call is refused until it is", StringComparison.Ordinal), "the word that there is no store");

        await server.StartAsync();
        var late = await serving.WaitForExitAsync();
        var atOnce = await GovernProcess.RunToEndAsync(verb, settings, args);

        Assert.True(late.ExitCode == 2 && atOnce.ExitCode == 2, $"{late} {atOnce}");
        Assert.Contains("has schema version 4711", atOnce.Errors, StringComparison.Ordinal);
        Assert.EndsWith(atOnce.Errors, late.Errors, StringComparison.Ordinal);
        Assert.Single(late.Errors.Split('\n'), line => line.Contains("4711", StringComparison.Ordinal));
    }

    /// <summary>From here on its store's files fail so, until what is returned is disposed of.</summary>
    private static async Task<IAsyncDisposable> BreakAsync(string calls, string error, int process, string file)
    {
        string[] files = [.. new[] { "", "-journal", "-wal", "-shm" }.SelectMany(end => new[] { "-P", file + end })];
        var tracer = new ChildProcess("strace", ["-f", "-qq", "-o", "/dev/null", .. files, "-e", $"inject={calls}:error={error}", "-p", $"{process}"]);
        // Each of its threads is another's to trace.
        await Eventually.TrueAsync(
            () => Directory.GetDirectories($"/proc/{process}/task").All(thread => IsTracedBy(tracer.Id, thread)), () => $"strace does not trace: {tracer.Errors}");
        return new Cure(async () =>
        {
            await tracer.StopAsync();
            await tracer.DisposeAsync();
        });
    }

    private static bool IsTracedBy(int tracer, string thread)
    {
        try
        {
            return File.ReadLines(Path.Combine(thread, "status")).Contains($"TracerPid:\t{tracer}");
        }
        catch (IOException)
        {
            // It has ended.
            return true;
        }
    }

    private static async Task SetReadOnlyAsync(string database, string value)
    {
        await SayAsync(database, $"alter system set default_transaction_read_only = {value}", "select pg_reload_conf()");

        await Eventually.TrueAsync(
            async () =>
            {
                await using var other = new NpgsqlConnection(database + ";Pooling=false");
                await other.OpenAsync();
                await using var show = new NpgsqlCommand("show default_transaction_read_only", other);
                return (string)(await show.ExecuteScalarAsync())! == value;
            },
            () => "the setting did not change");
    }

    private static async Task SayAsync(string database, params string[] texts)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var text in texts)
        {
            await using var command = new NpgsqlCommand(text, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static void SetMode(string file, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, mode);
        }
    }

    private sealed class Cure(Func<Task> cure) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await cure();
    }
}
