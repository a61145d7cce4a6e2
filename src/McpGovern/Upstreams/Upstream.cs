using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>An MCP server behind us: started when first needed, one live connection shared by all calls.</summary>
internal sealed class Upstream(UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger log, Func<IEraMemory?> memory) : IAsyncDisposable
{
    private readonly Connector _connector = new(config, limits, time, log, memory);
    private readonly BackOff _backOff = new(time);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<ListKind, IReadOnlyList<ToolDefinition>> _known = new();
    private Task<UpstreamConnection>? _current;

    public UpstreamConfig Config => config;

    public string Name => config.GovernedName;

    /// <summary>The last list seen in this process; null before the first.</summary>
    public IReadOnlyList<ToolDefinition>? KnownTools { get; private set; }

    public bool IsConnected => LiveConnection is not null;

    /// <summary>The one that takes calls now, if there is one.</summary>
    public UpstreamConnection? LiveConnection => _current is { IsCompletedSuccessfully: true, Result: { ClosedBecause: null } live } ? live : null;

    /// <summary>Why the last start or connection ended; null while all is well.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>The definitions differ from the last known ones: after <c>list_changed</c>, gathered for 250 ms, or after a reconnect.</summary>
    public event Action? ToolsChanged;

    /// <summary>Its <c>resources</c> or <c>prompts</c> may differ from the last known ones, for the same reasons.</summary>
    public event Action<string>? ListChanged;

    /// <summary>The params of <c>notifications/resources/updated</c>.</summary>
    public event Action<ReadOnlyMemory<byte>>? ResourceUpdated;

    /// <summary>The resources that somebody wants to hear of.</summary>
    public ResourceInterest Interest { get; } = new(config.GovernedName, log);

    /// <summary>The last list of that kind seen in this process; null before the first.</summary>
    public IReadOnlyList<ToolDefinition>? Known(ListKind kind) => _known.GetValueOrDefault(kind);

    /// <exception cref="UpstreamUnavailableException">It is away, or does not give its list.</exception>
    public async Task<IReadOnlyList<ToolDefinition>> ListAsync(ListKind kind, CancellationToken ct) =>
        _known[kind] = await (await ConnectAsync(ct)).ListAsync(kind, ct);

    /// <summary>The live connection, started if there is none; a start that failed is not tried again within its back-off.</summary>
    /// <exception cref="UpstreamUnavailableException">Nothing could be started or reached, and nothing was sent.</exception>
    public async ValueTask<UpstreamConnection> ConnectAsync(CancellationToken ct)
    {
        Task<UpstreamConnection> current;
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
                throw new UpstreamUnavailableException("it is being shut down");
            if (_current is null or { IsCompleted: true } && !IsConnected)
            {
                if (_backOff.IsWaiting)
                    throw new UpstreamUnavailableException(LastFailure ?? "it failed before");
                // Away from the caller, whose giving up is no reason for others to start again.
                _current = Task.Run(StartAsync, CancellationToken.None);
            }

            current = _current!;
        }

        return await current.WaitAsync(ct);
    }

    /// <summary>
    /// The live connection, made with the credentials that there are now: one that was made with others takes no further calls, and another
    /// one is made. For calls that may have waited for days.
    /// </summary>
    /// <exception cref="UpstreamUnavailableException">Nothing could be started or reached, or there are no credentials; nothing was sent.</exception>
    public async ValueTask<UpstreamConnection> ConnectFreshAsync(CancellationToken ct)
    {
        var connection = await ConnectAsync(ct);
        if (await _connector.Credentials.AreCurrentAsync(ct))
            return connection;
        UpstreamLog.CredentialsChanged(log, Name);
        connection.Retire("its credentials changed");
        return await ConnectAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        Task<UpstreamConnection>? current;
        lock (_gate)
        {
            _stopping.Cancel();
            current = _current;
        }

        await ((Task?)current ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (current is { IsCompletedSuccessfully: true })
            await current.Result.DisposeAsync();
    }

    private async Task<UpstreamConnection> StartAsync()
    {
        try
        {
            var connection = await _connector.ConnectAsync(_stopping.Token);
            _backOff.Succeeded();
            LastFailure = null;
            connection.ToolsRead += () => Learn(connection.Tools);
            connection.ListChanged += NoteChanged;
            connection.ResourceUpdated += parameters => ResourceUpdated?.Invoke(parameters);
            connection.Closed.Register(() => Ended(connection));
            // Also one that was replaced and only waits for its last answers.
            _stopping.Token.Register(() => _ = connection.DisposeAsync().AsTask());
            UpstreamLog.Connected(log, Name, connection.ProtocolVersion, connection.Tools.Count);
            Learn(connection.Tools);
            foreach (var list in _known.Keys.Select(kind => kind.Capability).Distinct())
                NoteChanged(list);
            _ = Interest.TellAsync(connection);
            Watch(connection);
            return connection;
        }
        catch (OperationCanceledException e)
        {
            throw new UpstreamUnavailableException("it is being shut down", e);
        }
        catch (UpstreamUnavailableException e)
        {
            LastFailure = e.Message;
            UpstreamLog.Unavailable(log, Name, _backOff.Failed(), e.Message);
            throw;
        }
    }

    /// <summary>In the modern era resources are listened to where changes of lists are.</summary>
    private void Watch(UpstreamConnection connection)
    {
        void Tell() => connection.WatchResources(Interest.Uris);
        Interest.Changed += Tell;
        connection.Closed.Register(() => Interest.Changed -= Tell);
        if (Interest.Uris.Count > 0)
            Tell();
    }

    private void Ended(UpstreamConnection connection)
    {
        if (_stopping.IsCancellationRequested)
            return;
        LastFailure = connection.ClosedBecause;
        UpstreamLog.Ended(log, Name, LastFailure ?? "");
        _ = Interest.ReconnectAsync(ConnectAsync, time, _stopping.Token);
    }

    private void NoteChanged(string list)
    {
        UpstreamLog.ListChanged(log, Name, list);
        ListChanged?.Invoke(list);
    }

    private void Learn(IReadOnlyList<ToolDefinition> tools)
    {
        var before = KnownTools;
        KnownTools = tools;
        if (before is null || before.SequenceEqual(tools))
            return;
        UpstreamLog.ToolsChanged(log, Name, tools.Count);
        ToolsChanged?.Invoke();
    }
}
