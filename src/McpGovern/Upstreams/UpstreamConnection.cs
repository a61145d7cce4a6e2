using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using McpGovern.Policy;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>One live session with an upstream; when it ends it is not mended but replaced.</summary>
internal sealed class UpstreamConnection : IAsyncDisposable
{
    private readonly string _upstream;
    private readonly CredentialMask _mask;
    private readonly McpClient _client;
    private readonly ITransport _transport;
    private readonly Exchange _exchange;
    private readonly Inbox _inbox;
    private readonly UpstreamLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Catalogue _catalogue;
    private readonly ChangeSubscription _changes;
    private readonly LogLevelRelay _logLevel;
    private readonly CancellationTokenSource _closed = new();
    private readonly Lazy<Task> _disposing;
    private readonly ConcurrentDictionary<ListKind, Task<IReadOnlyList<ToolDefinition>>> _lists = new();
    private readonly ConcurrentDictionary<string, bool> _changing = new(StringComparer.Ordinal);
    private int _refreshing;
    private volatile Task _refresh = Task.CompletedTask;
    private volatile IReadOnlyList<ToolDefinition> _tools = [];

    // The SDK's types stay in this folder, and so does this constructor.
    internal UpstreamConnection(
        string upstream, CredentialMask mask, McpClient client, ITransport transport, Exchange exchange, Inbox inbox, UpstreamLimits limits, TimeProvider time, ILogger log)
    {
        (_upstream, _mask, _client, _transport, _exchange, _inbox, _limits, _time, _log) = (upstream, mask, client, transport, exchange, inbox, limits, time, log);
        _catalogue = new Catalogue(exchange, upstream, limits, log);
        _changes = new ChangeSubscription(exchange, inbox, upstream, time, log);
        _logLevel = new LogLevelRelay(exchange, client.ServerCapabilities.Logging is not null);
        _disposing = new Lazy<Task>(DisposeOnceAsync);
        Closed = _closed.Token;
        inbox.ToolListChanged += RefreshSoon;
        inbox.OtherListChanged += list => _ = ForgetSoonAsync(list);
        inbox.ResourceUpdated += parameters => ResourceUpdated?.Invoke(parameters);
        _ = CloseWhenRefusedAsync();
        if (exchange.Session.Modern)
            _ = _changes.RunAsync(client.ServerCapabilities, Closed);
    }

    /// <summary>Told apart by it from every other connection, of any process.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("n");

    /// <summary>Drained over all pages, current for this connection, replaced whole.</summary>
    public IReadOnlyList<ToolDefinition> Tools => _tools;

    /// <summary>Cancelled when this connection takes no further calls.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Why it takes no further calls; null while it does. True a moment before <see cref="Closed"/> is.</summary>
    public string? ClosedBecause => _mask.OfAny(_inbox.Refusal);

    public string? ProtocolVersion => _exchange.Session.ProtocolVersion;

    /// <summary>After a refresh that the upstream asked for.</summary>
    public event Action? ToolsRead;

    /// <summary>After the upstream said that its <c>resources</c> or <c>prompts</c> changed, gathered like the tools' changes.</summary>
    public event Action<string>? ListChanged;

    /// <summary>The params of <c>notifications/resources/updated</c>, on the reader's thread.</summary>
    public event Action<ReadOnlyMemory<byte>>? ResourceUpdated;

    /// <summary>Resources are subscribed to with a request of their own, which the modern era no longer has.</summary>
    public bool SubscribesByRequest => !_exchange.Session.Modern;

    public bool Declares(string capability) => _client.ServerCapabilities is { } declared && capability switch
    {
        "resources" => declared.Resources is not null,
        "resources/subscribe" => declared.Resources?.Subscribe == true,
        "prompts" => declared.Prompts is not null,
        "completions" => declared.Completions is not null,
        _ => throw new ArgumentOutOfRangeException(nameof(capability), capability, "this one is never asked for"),
    };

    /// <summary>Drained over all pages when first asked for, and again after it changed; empty where the upstream does not declare it.</summary>
    /// <exception cref="UpstreamUnavailableException">The list could not be had whole.</exception>
    public async Task<IReadOnlyList<ToolDefinition>> ListAsync(ListKind kind, CancellationToken ct)
    {
        if (!Declares(kind.Capability))
            return [];
        var reading = _lists.GetOrAdd(kind, unread => _catalogue.ReadAsync(unread, CancellationToken.None));
        try
        {
            return await reading.WaitAsync(ct);
        }
        catch (UpstreamUnavailableException)
        {
            _lists.TryRemove(KeyValuePair.Create(kind, reading));
            throw;
        }
    }

    /// <summary>Asks something that changes nothing and is not recorded.</summary>
    public Task<UpstreamAnswer> AskAsync(string method, JsonObject parameters, CancellationToken cancel) =>
        _exchange.SendAsync(method, parameters, tool: null, progress: null, _limits.ConnectTimeout, cancel);

    /// <summary>Says something about a task of the upstream's own; what has to be recorded of it was recorded before.</summary>
    /// <param name="declared">JSON object of what the caller declared, where one is behind it.</param>
    public async Task<UpstreamAnswer> AskTaskAsync(string method, string taskId, string? responsesJson, string? declared, CancellationToken cancel)
    {
        if (!_exchange.Session.Modern)
            return new UpstreamAnswer.Error(UpstreamTasks.MethodNotFound, "it speaks a revision without tasks now", null);
        var parameters = new JsonObject { ["taskId"] = taskId };
        if (responsesJson is not null)
            parameters["inputResponses"] = SdkJson.Node(responsesJson);
        return await _exchange.SendAsync(
            method, parameters, tool: null, progress: null, _limits.ConnectTimeout, cancel, new TaskCaller(declared ?? "{}"));
    }

    /// <summary>Says what has to be said before the caller's call, so that nothing is waited for once that call begins.</summary>
    public Task PrepareAsync(ICallerSide? caller, CancellationToken cancel) => _logLevel.LowerToAsync(caller?.LogLevel, cancel);

    /// <summary>Sends one governed call, of the method that it was asked for with. Like <see cref="CallToolAsync"/>.</summary>
    /// <param name="tool">As it is recorded: with the prefix of its kind.</param>
    public async Task<UpstreamAnswer> CallAsync(
        string method, string tool, string argumentsJson, string? metaJson, IUpstreamProgress? progress, TimeSpan timeout, CancellationToken cancel,
        ICallerSide? caller = null, CallInput input = default)
    {
        if (method == RequestMethods.ToolsCall)
            return await CallToolAsync(tool, argumentsJson, metaJson, progress, timeout, cancel, caller, input);
        var name = tool[PolicyName.KindOf(tool).Length..];
        await _logLevel.LowerToAsync(caller?.LogLevel, cancel);
        return await _exchange.SendAsync(
            method, CallParameters.Build(method, name, argumentsJson, metaJson, input), tool: null, progress, timeout, cancel, caller);
    }

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
        var parameters = CallParameters.Build(RequestMethods.ToolsCall, tool, argumentsJson, metaJson, input);
        await _logLevel.LowerToAsync(caller?.LogLevel, cancel);
        return await _exchange.SendAsync(RequestMethods.ToolsCall, parameters, definition, progress, timeout, cancel, caller);
    }

    /// <summary>Listens to changes of these resources, in the place of those before; only in the stateless revision, and lists are listened to anyway.</summary>
    public void WatchResources(IReadOnlyCollection<string> uris) => _changes.Watch(uris);

    /// <summary>When <see cref="Tools"/> is what the upstream last said that it was: after a change was told, and before it is read, it is not.</summary>
    public Task WhenToolsAreReadAsync(CancellationToken ct) => _refresh.WaitAsync(ct);

    public async Task ReadToolsAsync(CancellationToken ct) => _tools = await _catalogue.ReadAsync(ListKind.Tools, ct);

    /// <summary>Takes no further calls, and ends when those that wait have their answers.</summary>
    public void Retire(string reason) => _inbox.Refuse(reason);

    public async ValueTask DisposeAsync() => await _disposing.Value;

    // On the reader's thread. Servers send these in bursts: what comes while one waits is covered by its read.
    private void RefreshSoon()
    {
        if (Interlocked.Exchange(ref _refreshing, 1) == 0)
            _refresh = RefreshAsync();
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

    private async Task ForgetSoonAsync(string list)
    {
        if (!_changing.TryAdd(list, true))
            return;
        await Task.Delay(_limits.ListDebounce, _time, Closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _changing.TryRemove(list, out _);
        foreach (var kind in _lists.Keys.Where(kind => kind.Capability == list))
            _lists.TryRemove(kind, out _);
        if (!Closed.IsCancellationRequested)
            ListChanged?.Invoke(list);
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
