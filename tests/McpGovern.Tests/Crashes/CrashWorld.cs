using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Examples;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SQLitePCL;

namespace McpGovern.Tests.Crashes;

/// <summary>What outlives every process of a story: its settings, its store and its ledgers, with the test's own eyes on them.</summary>
internal sealed class CrashWorld : IAsyncDisposable
{
    public const string Agent = "agent:crash", Operator = "olga", Scope = "crash";
    public static readonly string[] People = ["alice", "bob", "carol", "dave"];

    private readonly TempFolder folder = new();
    private readonly ConcurrentDictionary<string, string> payments = new();
    private CrashWorld(string? postgres)
    {
        StoreText = postgres ?? $"sqlite:{folder.File("store.db")}";
        Store = CallStores.Open(postgres is null ? StoreText : $"{StoreText};Application Name=eyes", TimeProvider.System, NullLoggerFactory.Instance);
    }

    public string StoreText { get; }
    public ICallStore Store { get; }
    public string Settings { get; private set; } = "";
    public string Ledger { get; private set; } = "";

    /// <param name="store"><c>sqlite</c> or <c>postgres</c>; the second skips where there is none.</param>
    /// <param name="delay">How long the upstream keeps its answer back after the payment was made.</param>
    public static async Task<CrashWorld> CreateAsync(string store, TimeSpan delay, bool prepare = true)
    {
        Requirement.SkipUnless(OperatingSystem.IsLinux(), "signals and processes are looked at as Linux has them");
        var world = new CrashWorld(store == "postgres" ? await PostgresServer.CreateDatabaseAsync() : null);
        (world.Settings, world.Ledger) = world.WriteSettings("main", Scope, "main", delay);
        if (prepare)
        {
            await world.Store.PrepareAsync(default);
        }

        return world;
    }

    /// <summary>Settings of this store. Another ledger makes another upstream of it.</summary>
    public (string Settings, string Ledger) WriteSettings(string file, string scope, string ledger, TimeSpan delay, object? policy = null)
    {
        var ledgerFile = folder.File($"{ledger}.jsonl");
        var settings = folder.WriteJson($"{file}.json", new
        {
            version = 1,
            name = scope,
            store = StoreText,
            policy = policy ?? new { @default = "deny", require_approval_for = new[] { new { tools = "payments.submit", deadline = "1h" } } },
            mcpServers = new { payments = PaymentsExample.Upstream(ledgerFile, (int)delay.TotalMilliseconds) },
            actors = People.Append(Agent).Append(Operator)
                .Select(id => new { id, roles = id == Agent ? new[] { "caller" } : id == Operator ? ["operator"] : ["caller", "approver"], key = KeyOf(id) }),
        });
        return (settings, ledgerFile);
    }

    public static string KeyOf(string actor) => $"{actor}-{new string('k', 40)}";

    /// <summary>For the REST interface of a server of this world, with the actor's key.</summary>
    public static HttpClient ClientOf(Uri server, string actor)
    {
        var http = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", KeyOf(actor));
        return http;
    }

    /// <summary>The product's own handlers over this store, in the test's process; nothing is served.</summary>
    public Gateway OpenGateway() => Composition.Gateway(
        Composition.Load(Settings, new Dictionary<string, string>(), settingsNeeded: true)!, NullLoggerFactory.Instance);

    /// <summary>Every line: which call it says it is, and which payment was made.</summary>
    public IReadOnlyList<(string? CallId, string Payment)> ReadLedger() => ReadLedger(Ledger);

    public static IReadOnlyList<(string? CallId, string Payment)> ReadLedger(string ledger) =>
        [.. PaymentsExample.ReadLedger(ledger).Select(line => ((string?)line["idempotency_key"], (string)line["payment_id"]!))];

    public async Task<IReadOnlyList<string>> IdsAsync(string status, string scope = Scope) =>
        [.. (await Store.FindByStatusAsync(scope, status, 10_000, default)).Select(row => row.CallId)];

    /// <summary>PostgreSQL ends what killed processes had begun, a commit too: until all of it is written or undone.</summary>
    public async Task UntilProcessesAreForgottenAsync()
    {
        if (StoreText.StartsWith("sqlite:", StringComparison.Ordinal))
        {
            return;
        }

        await using var connection = new NpgsqlConnection($"{StoreText};Pooling=false;Application Name=eyes");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'mcpgovern'", connection);
        await Eventually.TrueAsync(async () => (long)(await command.ExecuteScalarAsync())! == 0, () => "PostgreSQL still works for a process that was killed");
    }

    /// <summary>SIGSTOP, but not within a transaction of SQLite: that would stop everybody.</summary>
    public async Task FreezeAsync(ChildProcess process)
    {
        for (process.Freeze(); !await IsWritableAsync(); process.Freeze())
        {
            process.Thaw();
            await Task.Delay(10);
        }
    }

    private async Task<bool> IsWritableAsync()
    {
        if (!StoreText.StartsWith("sqlite:", StringComparison.Ordinal))
        {
            return true;
        }

        await using var connection = new SqliteConnection($"Data Source={StoreText["sqlite:".Length..]};Pooling=False;Default Timeout=1");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "begin immediate; rollback";
        try
        {
            await command.ExecuteNonQueryAsync();
            return true;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_BUSY)
        {
            return false;
        }
    }

    /// <summary>Which payment a stored call is about.</summary>
    public async Task<string> PaymentOfAsync(string callId)
    {
        if (!payments.TryGetValue(callId, out var payment))
        {
            payment = PaymentOf((await Store.LoadAsync(callId, default))!);
            payments[callId] = payment;
        }

        return payment;
    }

    public static string PaymentOf(StoredCall call) =>
        (string)JsonNode.Parse(((CallSubmitted)call.Events[0]).Arguments)!["payment_id"]!;

    public async Task<IReadOnlyList<StoredCall>> AllCallsAsync()
    {
        var (calls, cursor) = (new List<StoredCall>(), (string?)null);
        do
        {
            var page = await Store.ListAsync(new([], 200) { Cursor = cursor }, default);
            calls.AddRange(page.Calls);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return calls;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        folder.Dispose();
    }
}
