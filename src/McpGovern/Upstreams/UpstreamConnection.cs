using Microsoft.Extensions.Logging;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>One live session with an upstream; when it ends it is not mended but replaced.</summary>
internal sealed class UpstreamConnection : IAsyncDisposable
{
    private readonly string _upstream;
    private readonly McpClient _client;
    private readonly ITransport _transport;
    private readonly Exchange _exchange;
    private readonly Inbox _inbox;
    private readonly UpstreamLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ToolCatalogue _catalogue;
    private readonly ChangeSubscription _changes;
    private readonly LogLevelRelay _logLevel;
    private readonly CancellationTokenSource _closed = new();
    private readonly Lazy<Task> _disposing;
    private int _refreshing;
    private volatile IReadOnlyList<ToolDefinition> _tools = [];

    // The SDK's types stay in this folder, and so does this constructor.
    internal UpstreamConnection(
        string upstream, McpClient client, ITransport transport, Exchange exchange, Inbox inbox, UpstreamLimits limits, TimeProvider time, ILogger log)
    {
        (_upstream, _client, _transport, _exchange, _inbox, _limits, _time, _log) = (upstream, client, transport, exchange, inbox, limits, time, log);
        _catalogue = new ToolCatalogue(exchange, upstream, limits, log);
        _changes = new ChangeSubscription(exchange, inbox, upstream, time, log);
        _logLevel = new LogLevelRelay(exchange, client.ServerCapabilities.Logging is not null);
        _disposing = new Lazy<Task>(DisposeOnceAsync);
        Closed = _closed.Token;
        inbox.ToolListChanged += RefreshSoon;
        _ = CloseWhenRefusedAsync();
        if (exchange.Session.Modern)
            _ = _changes.RunAsync(client.ServerCapabilities, Closed);
    }

    /// <summary>Drained over all pages, current for this connection, replaced whole.</summary>
    public IReadOnlyList<ToolDefinition> Tools => _tools;

    /// <summary>Cancelled when this connection takes no further calls.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Why it takes no further calls; null while it does. True a moment before <see cref="Closed"/> is.</summary>
    public string? ClosedBecause => _inbox.Refusal;

    public string? ProtocolVersion => _exchange.Session.ProtocolVersion;

    /// <summary>After a refresh that the upstream asked for.</summary>
    public event Action? ToolsRead;

    /// <summary>Sends one call, once. Never throws for what an upstream or a network may do.</summary>
    /// <param name="argumentsJson">A JSON object; reaches the upstream as it is written.</param>
    /// <param name="metaJson">A JSON object or null; <c>progressToken</c> and <c>io.modelcontextprotocol/*</c> are replaced by our own.</param>
    /// <param name="cancel">Relayed to the upstream, which has a second to answer all the same.</param>
    /// <param name="caller">Who waits for it, whom the upstream may turn to.</param>
    /// <param name="input">What a further round of a call brings along.</param>
    public async Task<UpstreamAnswer> CallToolAsync(
        string tool, string argumentsJson, string? metaJson, IUpstreamProgress? progress, TimeSpan timeout, CancellationToken cancel,
        ICallerSide? caller = null, CallInput input = default)
    {
        var definition = _tools.FirstOrDefault(known => known.Name == tool);
        var parameters = CallParameters.Build(tool, argumentsJson, metaJson, input);
        await _logLevel.LowerToAsync(caller?.LogLevel, cancel);
        return await _exchange.SendAsync(RequestMethods.ToolsCall, parameters, definition, progress, timeout, cancel, caller);
    }

    /// <summary>Listens to changes of these resources, in the place of those before; only in the stateless revision, and lists are listened to anyway.</summary>
    public void WatchResources(IReadOnlyCollection<string> uris) => _changes.Watch(uris);

    public async Task ReadToolsAsync(CancellationToken ct) => _tools = await _catalogue.ReadAsync(ct);

    public async ValueTask DisposeAsync() => await _disposing.Value;

    // On the reader's thread. Servers send these in bursts: what comes while one waits is covered by its read.
    private void RefreshSoon()
    {
        if (Interlocked.Exchange(ref _refreshing, 1) == 0)
            _ = RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        try
        {
            await Task.Delay(_limits.ListDebounce, _time, Closed);
            Volatile.Write(ref _refreshing, 0);
            await ReadToolsAsync(Closed);
            ToolsRead?.Invoke();
        }
        catch (OperationCanceledException)
        {
            // The connection is closing; the next one reads its own list.
        }
        catch (UpstreamUnavailableException e)
        {
            UpstreamLog.RefreshFailed(_log, _upstream, e.Message);
        }
    }

    private async Task CloseWhenRefusedAsync()
    {
        await _inbox.Refused;
        await _closed.CancelAsync();
        await _inbox.Drained;
        await _disposing.Value;
    }

    private async Task DisposeOnceAsync()
    {
        _inbox.Refuse("the connection was closed");
        try
        {
            // The transport first: the SDK's client would wait for handlers before it lets the child go.
            await _transport.DisposeAsync();
            await _client.DisposeAsync();
        }
        catch (Exception e)
        {
            UpstreamLog.CloseFailed(_log, _upstream, e);
        }
    }
}
