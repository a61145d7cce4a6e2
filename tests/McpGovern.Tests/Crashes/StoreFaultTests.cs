using System.Diagnostics;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Npgsql;

namespace McpGovern.Tests.Crashes;

/// <summary>A store that takes no writes: refused with cause and cure, nothing sent, nothing lost, and it goes on without a restart.</summary>
public sealed class StoreFaultTests
{
    // A file at its limit would end a process that does not ignore that signal; ignored, the write fails as on a full disk.
    private const string Ignoring = "trap '' XFSZ; exec \"$@\"";

    private static readonly object Policy = new
    {
        @default = "deny",
        allow = new[] { "payments.submit" },
        require_approval_for = new[] { new { tools = "payments.submit", when = new { payment_id = new { glob = "pay-*" } }, deadline = "1h" } },
    };

    [SkippableTheory]
    [InlineData("full", "disk")]
    [InlineData("fsync", "look at its disk")]
    public async Task Sqlite_ThatFailsUnderALivingProcess_IsRefusedUntilItIsCured(string fault, string cure)
    {
        Requirement.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/prlimit"), "prlimit fills the disk");
        Requirement.SkipUnless(File.Exists("/usr/bin/strace"), "strace makes fsync fail");
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        var (settings, _) = world.WriteSettings("both", CrashWorld.Scope, "main", TimeSpan.Zero, Policy);
        await using var agent = AgentClient.LaunchHttp(settings, "0s", wrapper: ["sh", "-c", Ignoring, "sh"]);
        Assert.True(await agent.ConnectAsync());
        var parked = (await agent.SubmitAsync("pay-1"))!.CallId!;
        using var alice = new RestDecider(agent.Address, "alice");

        var broken = await BreakAsync(fault, agent.Process.Id, world);
        var (allowed, gated) = ((await agent.SubmitAsync("open-1"))!, (await agent.SubmitAsync("pay-2"))!);
        var decided = await alice.AskAsync("approve", parked);
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

    private static async Task<IAsyncDisposable> BreakAsync(string fault, int process, CrashWorld world)
    {
        if (fault == "full")
        {
            await LimitAsync(process, $"{new FileInfo(world.StoreText["sqlite:".Length..]).Length}");
            return new Cure(() => LimitAsync(process, "unlimited"));
        }

        var tracer = new ChildProcess("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO", "-p", $"{process}"]);
        await Eventually.TrueAsync(
            () => File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("TracerPid:", StringComparison.Ordinal) && line.EndsWith($"\t{tracer.Id}", StringComparison.Ordinal)),
            () => $"strace does not trace: {tracer.Errors}");
        // It takes the threads one by one, the first of them first.
        await Task.Delay(TimeSpan.FromSeconds(1));
        return new Cure(async () =>
        {
            await tracer.StopAsync();
            await tracer.DisposeAsync();
        });
    }

    private static async Task LimitAsync(int process, string bytes)
    {
        using var limit = Process.Start("prlimit", ["--pid", $"{process}", $"--fsize={bytes}:"]);
        await limit.WaitForExitAsync();
        Assert.Equal(0, limit.ExitCode);
    }

    private static async Task SetReadOnlyAsync(string database, string value)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var sql in new[] { $"alter system set default_transaction_read_only = {value}", "select pg_reload_conf()" })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }

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
