using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>The durable streams of calls, with the lists read from them. SQLite and PostgreSQL implement it; one contract suite holds both.</summary>
/// <remarks>Every member throws <see cref="StoreUnavailableException"/> when the store cannot be reached or cannot be written.</remarks>
internal interface ICallStore : ISharedState, IAsyncDisposable
{
    /// <summary>For people: <c>sqlite:/path</c> or <c>postgres://host/database</c>, without credentials.</summary>
    string Description { get; }

    /// <summary>Creates or upgrades the tables.</summary>
    /// <exception cref="StoreRefusedException">The store is newer than this program, or is not one of ours.</exception>
    Task PrepareAsync(CancellationToken ct);

    /// <summary>The whole stream, or <c>null</c> where there is none.</summary>
    /// <exception cref="InvalidDataException">The stream holds an event that this version cannot read.</exception>
    Task<StoredCall?> LoadAsync(string callId, CancellationToken ct);

    /// <summary>
    /// Appends durably, or not at all, together with the row and the result. A repeat with the same event ids at the same expected
    /// version answers <see cref="AppendResult.Appended"/> again, so that a lost answer can be asked for once more. Prepares a store that was not.
    /// </summary>
    /// <exception cref="ArgumentException">A text cannot be stored (U+0000 or half a surrogate pair); nothing was written.</exception>
    Task<AppendResult> AppendAsync(Append append, CancellationToken ct);

    Task<StoredResult?> LoadResultAsync(string callId, CancellationToken ct);

    /// <summary>Drops kept results that were stored before the instant; the events stay.</summary>
    Task<int> DropResultsAsync(DateTimeOffset before, CancellationToken ct);

    /// <summary>One page, newest first. A stream that cannot be read is left out, and logged as an error.</summary>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    Task<CallPage> ListAsync(CallQuery query, CancellationToken ct);

    /// <summary>How many calls of the requester are pending in the scope.</summary>
    Task<int> CountPendingAsync(string scope, string requestedBy, CancellationToken ct);

    /// <summary>The newest gated call with this attach key, whatever its state.</summary>
    Task<string?> FindByAttachKeyAsync(string scope, string attachKey, CancellationToken ct);

    /// <summary>Calls of an execution: direct calls have exactly one.</summary>
    Task<IReadOnlyList<CallRow>> FindByExecutionAsync(string executionId, CancellationToken ct);

    /// <summary>Pending and approved calls of any scope whose time is up, oldest first.</summary>
    Task<IReadOnlyList<string>> FindPastDueAsync(DateTimeOffset now, int limit, CancellationToken ct);

    /// <summary>Approved calls of the scope for these upstream fingerprints that may be tried now, oldest first.</summary>
    Task<IReadOnlyList<string>> FindDispatchableAsync(string scope, IReadOnlyCollection<string> fingerprints, DateTimeOffset now, int limit, CancellationToken ct);

    /// <summary>Calls of the scope in this status, oldest first.</summary>
    Task<IReadOnlyList<CallRow>> FindByStatusAsync(string scope, string status, int limit, CancellationToken ct);

    /// <summary>Calls of any scope that depend on a process (see <see cref="CallRow.Process"/>) which holds no lease now, and was not seen alive.</summary>
    Task<IReadOnlyList<CallRow>> FindOrphansAsync(int limit, CancellationToken ct);

    /// <summary>Says that the process lives, for so long from now, by the one clock that all processes of the store share.</summary>
    Task RenewLeaseAsync(ProcessLease lease, TimeSpan lasts, CancellationToken ct);

    Task EndLeaseAsync(ProcessLease lease, CancellationToken ct);

    /// <summary>The last known tool definitions of an upstream, as JSON text, so that a tool whose upstream is away can still be asked for.</summary>
    Task SaveToolsAsync(string scope, string fingerprint, string json, CancellationToken ct);

    Task<string?> LoadToolsAsync(string scope, string fingerprint, CancellationToken ct);

    /// <summary>
    /// Returns when something may have changed since the last return of the same waiter's call, at the latest after <paramref name="atMost"/>.
    /// A new cursor has seen nothing, so its first wait returns at once.
    /// </summary>
    Task WaitForChangeAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct);

    /// <summary>Computes every row afresh from the streams. With <paramref name="repair"/> the differing rows are replaced.</summary>
    /// <returns>The ids whose row differed.</returns>
    Task<IReadOnlyList<string>> RebuildAsync(bool repair, CancellationToken ct);
}

/// <summary>An event with its id, which makes appending it twice harmless.</summary>
internal sealed record NewEvent(Guid Id, CallEvent Event);

/// <param name="ExpectedVersion">How many events the writer saw; 0 for a new stream.</param>
/// <param name="Row">The row after these events.</param>
internal sealed record Append(string CallId, long ExpectedVersion, IReadOnlyList<NewEvent> Events, CallRow Row, StoredResult? Result = null)
{
    /// <summary>Another stream's append in the same transaction, after this one: both are written, or neither.</summary>
    public Append? Then { get; init; }
}

/// <summary>A lost race is a value.</summary>
internal abstract record AppendResult
{
    internal sealed record Appended(long Version) : AppendResult;

    /// <summary>The stream is at another version: load and decide again.</summary>
    internal sealed record Conflict : AppendResult;

    /// <summary>Another open call of the scope has the same attach key: attach to it.</summary>
    internal sealed record OpenCallExists(string CallId) : AppendResult;

    /// <summary>Another call of the scope holds the same effect.</summary>
    internal sealed record EffectTaken(string CallId) : AppendResult;
}

/// <param name="Version">How many events there are.</param>
internal sealed record StoredCall(string CallId, long Version, IReadOnlyList<CallEvent> Events);

/// <summary>What the upstream answered to a gated call.</summary>
/// <param name="Kind"><c>result</c>, <c>input</c> for questions to the caller, or <c>error</c> for a JSON-RPC error object.</param>
/// <param name="Json">UTF-8 JSON text, byte for byte.</param>
internal sealed record StoredResult(string Kind, ReadOnlyMemory<byte> Json, DateTimeOffset At);

/// <param name="Statuses">Empty for all.</param>
/// <param name="Cursor">The <c>next_cursor</c> of the page before.</param>
internal sealed record CallQuery(IReadOnlyCollection<string> Statuses, int Limit)
{
    public string? Cursor { get; init; }
    public string? Scope { get; init; }
    public string? Server { get; init; }
    public string? Tool { get; init; }
    public string? RequestedBy { get; init; }
}

internal sealed record CallPage(IReadOnlyList<StoredCall> Calls, string? NextCursor);

/// <summary>What one waiter has seen of the store's changes.</summary>
internal sealed class StoreCursor
{
    internal long Seen { get; set; }
}

/// <summary>The store cannot be reached or written: what cannot be recorded is not done.</summary>
internal sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What was to be written may have been, or may still be: its answer was lost.</summary>
    public bool InDoubt { get; init; }
}

/// <summary>The store is there, and is newer than this program or not one of ours: nothing in it was touched.</summary>
internal sealed class StoreRefusedException(string message, Exception? inner = null) : Exception(message, inner);
