using McpGovern.Calls;
using McpGovern.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public sealed class PostgresCallStoreTests : CallStoreContract
{
    protected override Task<string> CreateAsync() => PostgresServer.CreateDatabaseAsync();

    protected override string Table(string name) => name is "streams" or "events" ? $"mcpgovern.mt_{name}" : $"mcpgovern.{name}";

    protected override Task TamperAsync(string storeText, string sql) => ScalarAsync(storeText, sql);

    [SkippableTheory]
    [InlineData(Cut.BeforeSending)]
    [InlineData(Cut.BeforeTheAnswer)]
    [InlineData(Cut.SentLate)]
    public async Task Append_WhoseAnswerIsLost_IsRecordedOnceAndSaysSo(Cut cut)
    {
        var (store, proxy) = await OpenBehindProxyAsync();
        await using var closing = proxy;
        var parked = Park();
        proxy.Arm(parked.CallId, cut);
        Assert.Equal(new AppendResult.Appended(2), await store.AppendAsync(parked, default));
        proxy.Arm(parked.CallId, cut);
        Assert.Equal(new AppendResult.Appended(3), await store.AppendAsync(Decide(parked.CallId, EventsOf(parked), Approve("alice")), default));
        await proxy.Late;

        Assert.Equal(2, proxy.Cuts);
        Assert.Equal(3, (await store.LoadAsync(parked.CallId, default))!.Version);
        Assert.Equal("approved", Assert.Single(await store.FindByExecutionAsync(parked.Row.ExecutionId, default)).Status);
    }

    /// <summary>The control: after a lost answer, looking says no, and then it is there after all.</summary>
    [SkippableFact]
    public async Task Append_WhoseAnswerIsLost_CannotBeJudgedByLooking()
    {
        var (store, proxy) = await OpenBehindProxyAsync();
        await using var closing = proxy;
        var parked = Park();
        await using var source = NpgsqlDataSource.Create(await BehindAsync(proxy));
        await using var connection = await source.OpenConnectionAsync();
        var looked = new TaskCompletionSource();
        proxy.LateWhen = looked.Task;
        proxy.Arm(parked.CallId, Cut.SentLate);

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => PostgresAppend.RunAsync(connection, parked, AppendCheck.Check(parked), default));

        Assert.Null(await store.LoadAsync(parked.CallId, default));
        looked.SetResult();
        Assert.NotNull(await EventuallyAsync(() => store.LoadAsync(parked.CallId, default), found => found is not null));
    }

    /// <summary>Marten's ids have another collation than ours; compared carelessly, each page reads all events that there are.</summary>
    [SkippableFact]
    public async Task Streams_OfCalls_AreFoundByTheirIndex()
    {
        var store = await OpenAsync();
        await store.AppendAsync(Park(), default);

        var plan = (string?)await ScalarAsync(await TextAsync(),
            $"set enable_seqscan = off; explain (format json) select e.data from mcpgovern.calls c {PostgresDialect.Instance.JoinEvents("c.call_id")}");

        Assert.Contains("pk_mt_events_stream_and_version", plan, StringComparison.Ordinal);
        Assert.Contains("(stream_id)::text = ", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Store_WhoseServerStops_IsUnavailableUntilItIsBack()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await using var store = CallStores.Open(await server.CreateOwnDatabaseAsync(), TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        var (before, during) = (Park(), Park());
        await store.AppendAsync(before, default);

        await server.StopAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.LoadAsync(before.CallId, default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.AppendAsync(during, default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.RenewLeaseAsync(ProcessLease.Current(TimeProvider.System), TimeSpan.Zero, default));
        await server.StartAsync();

        Assert.Equal(2, (await store.LoadAsync(before.CallId, default))!.Version);
        Assert.Equal(new AppendResult.Appended(2), await store.AppendAsync(during, default));
    }

    [SkippableFact]
    public async Task Append_OfARestartingServer_IsAnsweredWhenItIsBack()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await using var store = CallStores.Open(await server.CreateOwnDatabaseAsync(), TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        await store.AppendAsync(Park(), default);
        await server.StopAsync();
        await server.StartAsync();

        // Its pooled connection is dead, which shows only when something was sent.
        Assert.Equal(new AppendResult.Appended(2), await store.AppendAsync(Park(), default));
    }

    [SkippableFact]
    public async Task Append_ThatLoses_DrawsNoSequenceNumber()
    {
        var store = await OpenAsync();
        var parked = Park(attachKey: "k");
        await store.AppendAsync(parked, default);
        var late = Decide(parked.CallId, EventsOf(parked), Approve("alice"));

        await store.AppendAsync(parked with { Events = [.. parked.Events.Select(e => e with { Id = Guid.CreateVersion7() })] }, default);
        await store.AppendAsync(late with { ExpectedVersion = 1, Row = late.Row with { Version = 2 } }, default);
        await store.AppendAsync(Park(attachKey: "k"), default);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.AppendAsync(Park(attachKey: "another"), default)));

        Assert.Equal(4L, await ScalarAsync(await TextAsync(), "select last_value from mcpgovern.mt_events_sequence"));
        Assert.Equal(4L, await ScalarAsync(await TextAsync(), "select count(*) from mcpgovern.mt_events"));
    }

    [SkippableFact]
    public async Task Append_WritesWhatMartenReads()
    {
        var store = await OpenAsync();
        var parked = Park();
        await store.AppendAsync(parked, default);
        var at = $"from mcpgovern.mt_events where stream_id = '{parked.CallId}' and version = 2";

        Assert.Equal("tool_approval_required", await ScalarAsync(await TextAsync(), $"select type {at}"));
        Assert.Equal("McpGovern.Calls.ToolApprovalRequired, McpGovern.Core", await ScalarAsync(await TextAsync(), $"select mt_dotnet_type {at}"));
        Assert.Equal("sha256:a1", await ScalarAsync(await TextAsync(), $"select data ->> 'call_hash' {at}"));
        Assert.Equal("*DEFAULT*|false|t", await ScalarAsync(await TextAsync(), $"select tenant_id || '|' || is_archived || '|' || (now() - \"timestamp\" < '1 hour')::text::char {at}"));
        Assert.Equal("call 2", await ScalarAsync(await TextAsync(), $"select type || ' ' || version from mcpgovern.mt_streams where id = '{parked.CallId}'"));
        Assert.Equal(
            "mt_events: seq_id id stream_id version data bdata type timestamp tenant_id mt_dotnet_type is_archived; mt_streams: id type version timestamp created tenant_id is_archived",
            await ScalarAsync(await TextAsync(), """
                select string_agg(t, '; ' order by t) from (
                    select table_name || ': ' || string_agg(column_name, ' ' order by ordinal_position) as t from information_schema.columns
                    where table_schema = 'mcpgovern' and table_name in ('mt_events', 'mt_streams') group by table_name) x
                """));
        Assert.Equal(
            "pk_mt_events_stream_and_version pkey_mt_events_seq_id pkey_mt_streams_id",
            await ScalarAsync(await TextAsync(),
                "select string_agg(indexname, ' ' order by indexname) from pg_indexes where schemaname = 'mcpgovern' and tablename in ('mt_events', 'mt_streams')"));
    }

    [SkippableTheory]
    [InlineData("create schema mcpgovern; create table mcpgovern.calls (id int)", "another program")]
    [InlineData("create schema mcpgovern; create table mcpgovern.mt_streams (id uuid primary key, version bigint)", "or shape|stream_id")]
    [InlineData("create schema mcpgovern; create table mcpgovern.mt_streams (id varchar primary key, type varchar, version int)", "another shape|mt_streams.version")]
    public async Task Prepare_OfAForeignSchema_RefusesAndChangesNothing(string sql, string words)
    {
        await TamperAsync(await TextAsync(), sql);

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => OpenAsync());

        Assert.IsType<StoreRefusedException>(refused);
        Assert.All(words.Split('|'), word => Assert.Contains(word, refused.Message, StringComparison.Ordinal));
        Assert.Equal(1L, await ScalarAsync(await TextAsync(), "select count(*) from information_schema.tables where table_schema = 'mcpgovern'"));
    }

    [SkippableFact]
    public async Task Session_HasItsOwnSettings_WhateverTheDatabaseSays()
    {
        var text = await TextAsync();
        await TamperAsync(text, $"alter database {new NpgsqlConnectionStringBuilder(text).Database} set synchronous_commit = off");
        var settings = PostgresText.Read(text).ConnectionString;

        Assert.Equal("off", await ScalarAsync(text, "show synchronous_commit"));
        Assert.Equal("on", await ScalarAsync(settings, "show synchronous_commit"));
        Assert.Equal("UTC", await ScalarAsync(settings, "show timezone"));
        Assert.Equal("10s", await ScalarAsync(settings, "show statement_timeout"));
        Assert.Equal("10s", await ScalarAsync(settings, "show idle_in_transaction_session_timeout"));
    }

    [SkippableFact]
    public async Task Prepare_OnAServerThatMayLoseCommits_Warns()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var text = await server.CreateOwnDatabaseAsync();
        using var log = new WarningLog();
        await using var store = CallStores.Open(text, TimeProvider.System, log);
        await store.PrepareAsync(default);
        Assert.Empty(log.Warnings);

        await TamperAsync(text, "alter system set fsync = off");
        await TamperAsync(text, "alter system set full_page_writes = off");
        await TamperAsync(text, "select pg_reload_conf()");
        await EventuallyAsync(() => ScalarAsync(text, "show fsync"), setting => setting is "off");
        await EventuallyAsync(() => ScalarAsync(text, "show full_page_writes"), setting => setting is "off");
        await store.PrepareAsync(default);

        Assert.Contains("fsync, full_page_writes is off", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    private async Task<(ICallStore Store, CuttingProxy Proxy)> OpenBehindProxyAsync()
    {
        await OpenAsync();
        var proxy = new CuttingProxy(new NpgsqlConnectionStringBuilder(await TextAsync()).Port);
        return (Open(await BehindAsync(proxy)), proxy);
    }

    private async Task<string> BehindAsync(CuttingProxy proxy) =>
        new NpgsqlConnectionStringBuilder(await TextAsync()) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable }.ConnectionString;

    private static async Task<object?> ScalarAsync(string storeText, string sql)
    {
        await using var connection = new NpgsqlConnection(storeText + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
