using System.Diagnostics;
using McpGovern.Storage;
using McpGovern.Tests.Calls;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public sealed class SqliteCallStoreTests : CallStoreContract, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mcpgovern-store-").FullName;

    private string File => Path.Combine(folder, "new", "calls.db");

    protected override Task<string> CreateAsync() => Task.FromResult($"sqlite:{File}");

    protected override string Table(string name) => name;

    protected override async Task TamperAsync(string storeText, string sql)
    {
        await using var connection = await RawAsync();
        await ExecuteAsync(connection, sql);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SkippableFact]
    public async Task Prepare_OfANewFile_KeepsItToItsUser()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        var store = await OpenAsync();
        await store.AppendAsync(Park(), default);
        var made = new FileInfo(File).Directory!;

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, made.UnixFileMode);
        Assert.NotEmpty(made.GetFiles());
        Assert.All(made.GetFiles(), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode));
    }

    [Theory]
    [InlineData("3.35.5", "truncate")]
    [InlineData("3.51.2", "truncate")]
    [InlineData("3.51.3", "wal")]
    [InlineData("3.53.0", "wal")]
    [InlineData("4.0.0", "wal")]
    [InlineData("unreadable", "truncate")]
    public void Journal_BelowTheRepairedVersion_IsNotAWal(string version, string journal) => Assert.Equal(journal, SqliteFile.JournalFor(version));

    /// <summary>A disk that lost writes can leave rows that the tables would not take.</summary>
    [Fact]
    public async Task Read_OfADamagedFile_SaysSo()
    {
        var store = await OpenAsync();
        await store.AppendAsync(Park(), default);
        await TamperAsync("", "create table loose as select * from calls; drop table calls; alter table loose rename to calls; update calls set call_id = null");

        var damaged = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.RebuildAsync(repair: false, default));

        Assert.Contains("calls.db is damaged", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_OfAForeignDatabase_RefusesAndLeavesItAlone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await using (var connection = await RawAsync("rwc"))
        {
            await ExecuteAsync(connection, "pragma journal_mode = wal; create table calls (id text); insert into calls values ('theirs')");
        }

        var before = await System.IO.File.ReadAllBytesAsync(File);
        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync());

        Assert.Contains("another program", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await System.IO.File.ReadAllBytesAsync(File));
    }

    [Fact]
    public async Task Prepare_OfAnyOtherFile_RefusesAndLeavesItAlone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await System.IO.File.WriteAllTextAsync(File, new string('x', 5000));

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => OpenAsync());

        Assert.Contains("not a SQLite database", refused.Message, StringComparison.Ordinal);
        Assert.Equal(5000, new FileInfo(File).Length);
    }

    [Theory]
    [InlineData("sqlite::memory:")]
    [InlineData("sqlite:relative.db")]
    [InlineData("sqlite:")]
    [InlineData("mysql://localhost/x")]
    [InlineData("")]
    public void Open_OfAnythingElse_SaysWhatCanBeUsed(string text) =>
        Assert.Throws<FormatException>(() => CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance));

    [Fact]
    public async Task Store_WhileAnotherProcessHoldsTheLock_WaitsInsteadOfFailing()
    {
        var store = await OpenAsync();
        await using var other = await RawAsync();
        await ExecuteAsync(other, "begin exclusive");
        var parked = Park();
        var append = store.AppendAsync(parked, default);
        var list = store.ListAsync(new([], 10), default);

        await Task.Delay(2500);
        Assert.False(append.IsCompleted || list.IsCompleted);
        await ExecuteAsync(other, "commit");

        Assert.IsType<AppendResult.Appended>(await append);
        await list;
    }

    /// <summary>SQLite's own waiting, in the library that is bundled, sleeps a second at a time: whoever reads beside a busy writer would stand still.</summary>
    [Fact]
    public async Task Wait_ForTheLock_IsInManyShortSteps()
    {
        await OpenAsync();
        await using var other = await RawAsync();
        var steps = 0L;
        // A machine that stands still meanwhile takes one try its steps, and not several.
        for (var attempt = 0; attempt < 5 && steps < 10; attempt++)
        {
            await ExecuteAsync(other, "begin exclusive");
            var begun = new TaskCompletionSource();
            var waiting = Task.Run(() =>
            {
                var before = SqliteWaiting.Steps;
                begun.SetResult();
                using var reader = new SqliteFile(File).OpenReader();
                return SqliteWaiting.Steps - before;
            });

            await begun.Task;
            await Task.Delay(1000);
            await ExecuteAsync(other, "commit");
            steps = await waiting;
        }

        Assert.InRange(steps, 10, long.MaxValue);
    }

    [Fact]
    public async Task Store_WhoseFileCannotBeOpened_IsUnavailableUntilItCan()
    {
        var moved = Path.Combine(folder, "moved");
        await (await OpenAsync()).AppendAsync(Park(), default);
        Directory.Move(Path.GetDirectoryName(File)!, moved);
        // So that no new store can be made in its place.
        await System.IO.File.WriteAllTextAsync(Path.GetDirectoryName(File)!, "");
        var store = await OpenAsync(prepare: false);
        var parked = Park();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.AppendAsync(parked, default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.LoadAsync(parked.CallId, default));
        System.IO.File.Delete(Path.GetDirectoryName(File)!);
        Directory.Move(moved, Path.GetDirectoryName(File)!);

        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(parked, default));
        Assert.Equal(2, await store.CountPendingAsync(Scope, Agent.Id, default));
    }

    [SkippableFact]
    public async Task Append_WhenTheFileCannotGrow_IsUnavailableAndKeepsWhatWasAcknowledged()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && System.IO.File.Exists("/usr/bin/prlimit"), "needs Linux and prlimit to limit another process's files");
        var store = await OpenAsync();
        using var child = await StoreWriter.StartAsync([await TextAsync(), "fill", "x"]);
        await LimitAsync(child, new FileInfo(File).Length + (1 << 20));
        var (acknowledged, failed) = ((List<string>)[], 0);
        await child.StandardInput.WriteLineAsync("go");
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line != "unavailable")
            {
                acknowledged.Add(line);
                continue;
            }

            failed++;
            await LimitAsync(child, null);
            await child.StandardInput.WriteLineAsync("go on");
        }

        await child.WaitForExitAsync();
        Assert.True(failed > 0 && acknowledged.Count > StoreWriter.FillAfter);
        Assert.All(acknowledged, callId => Assert.NotNull(store.LoadAsync(callId, default).GetAwaiter().GetResult()));
        Assert.Equal(acknowledged.Count, await store.CountPendingAsync(Scope, Agent.Id, default));
        Assert.Empty(await store.RebuildAsync(repair: false, default));
    }

    [Fact]
    public async Task Orphans_OfADeadProcessOnThisMachine_AreSeenBeforeItsLeaseEnds()
    {
        var store = await OpenAsync();
        var parked = Park();
        await store.AppendAsync(parked, default);
        await store.RecordAsync(parked.CallId, Approve("alice"));
        using var child = await StoreWriter.StartAsync(await TextAsync(), "lease", "x", parked.CallId);
        var later = new MovableTime();
        later.Advance(TimeSpan.FromHours(2));
        await using var slept = CallStores.Open(await TextAsync(), later, NullLoggerFactory.Instance);

        Assert.Empty(await store.FindOrphansAsync(10, default));
        // It is seen to live, whatever its lease says: a machine that slept has no dead owners.
        Assert.Empty(await slept.FindOrphansAsync(10, default));
        child.Kill();
        await child.WaitForExitAsync();

        Assert.Equal(parked.CallId, Assert.Single(await store.FindOrphansAsync(10, default)).CallId);
    }

    private static async Task LimitAsync(Process process, long? bytes)
    {
        using var limit = Process.Start("prlimit", ["--pid", $"{process.Id}", $"--fsize={(bytes is { } b ? $"{b}" : "unlimited")}:"]);
        await limit.WaitForExitAsync();
        Assert.Equal(0, limit.ExitCode);
    }

    private async Task<SqliteConnection> RawAsync(string mode = "rw")
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection($"Data Source={File};Pooling=False;Mode={(mode == "rwc" ? "ReadWriteCreate" : "ReadWrite")}");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
