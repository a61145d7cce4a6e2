using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>Starts or reaches one upstream, agrees on a protocol revision and reads its tools. Remembers its era for later connects.</summary>
/// <param name="memory">What other processes learnt of it, where somebody keeps that.</param>
internal sealed class Connector(UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger log, Func<IEraMemory?> memory)
{
    private bool _legacy, _remembered, _recalled, _slow;

    public UpstreamCredentials Credentials { get; } = new(config, limits, time);

    /// <exception cref="UpstreamUnavailableException">It could not be started, reached or understood.</exception>
    public async Task<UpstreamConnection> ConnectAsync(CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(limits.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            await RecallAsync(either.Token);
            var connection = await NegotiateAsync(either.Token);
            try
            {
                await RememberAsync(either.Token);
                return connection;
            }
            catch
            {
                // Nobody else knows of it yet.
                await connection.DisposeAsync();
                throw;
            }
        }
        catch (UpstreamUnavailableException e) when (config.Mask.Of(e.Message) is var told && told != e.Message)
        {
            // Without what caused it, which says the same.
            throw new UpstreamUnavailableException(told);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            // It may have become another server since, which does not know what it was greeted with.
            _legacy = _slow = false;
            throw new UpstreamUnavailableException($"it did not get ready within {limits.ConnectTimeout.TotalSeconds:0} s", e);
        }
    }

    private async Task<UpstreamConnection> NegotiateAsync(CancellationToken ct)
    {
        try
        {
            return await OpenAsync(_legacy, ct);
        }
        catch (HandshakeException e) when (!_legacy)
        {
            // Some servers from before the probe end at a method they do not know, or answer it with a status of their own.
            // One that knows it, and was not up in time to say so, gets the time.
            UpstreamLog.ProbeFailed(log, config.GovernedName, e.Message);
            return await OpenAsync(legacy: !_slow, ct);
        }
        catch (HandshakeException e)
        {
            // It may have become another server since.
            _legacy = false;
            UpstreamLog.ProbeFailed(log, config.GovernedName, e.Message);
            return await OpenAsync(legacy: false, ct);
        }
        catch (UpstreamUnavailableException)
        {
            _legacy = false;
            throw;
        }
    }

    // Only a silent child makes a process wait for its probe; over HTTP every server answers something.
    private IEraMemory? Memory => config.Transport == "stdio" ? memory() : null;

    private async Task RecallAsync(CancellationToken ct)
    {
        if (!_recalled && Memory is { } known)
            _legacy = _remembered = await known.IsLegacyAsync(config.Fingerprint, ct);
        _recalled = true;
    }

    private async Task RememberAsync(CancellationToken ct)
    {
        if (_legacy != _remembered && Memory is { } known)
            await known.RememberAsync(config.Fingerprint, _legacy, ct);
        _remembered = _legacy;
    }

    private async Task<UpstreamConnection> OpenAsync(bool legacy, CancellationToken ct)
    {
        var inbox = new Inbox(config.GovernedName, log);
        var resolved = await Credentials.ResolveAsync(ct);
        ITransport transport = config.Transport == "stdio"
            ? new StdioTransport(ChildProcess.Start(resolved, limits, time, log), inbox, config, limits, log)
            : await HttpTransport.ConnectAsync(resolved, inbox, limits, Credentials, log, ct);
        var handshake = new Handshake(transport, legacy);
        try
        {
            _ = new UpstreamQuestions(transport, inbox, config, limits, time, log);
            var client = await McpClient.CreateAsync(handshake, Options(), NullLoggerFactory.Instance, ct);
            var session = new Session(client.NegotiatedProtocolVersion, config.Transport == "stdio");
            _legacy = !session.Modern;
            var exchange = new Exchange(transport, inbox, session, config.GovernedName, config.Mask, limits, time, log);
            var connection = new UpstreamConnection(config.GovernedName, config.Mask, client, transport, exchange, inbox, limits, time, log);
            await connection.ReadToolsAsync(ct);
            return connection;
        }
        catch (Exception e)
        {
            var failure = Unavailable(e, transport);
            _slow = handshake.ProbeWasAnsweredLate;
            await transport.DisposeAsync();
            if (e is OperationCanceledException && ct.IsCancellationRequested)
                throw;
            throw failure;
        }
    }

    private static Exception Unavailable(Exception e, ITransport transport) => (e, transport) switch
    {
        (UpstreamUnavailableException, _) => e,
        (HttpRequestException { StatusCode: null }, _) => new UpstreamUnavailableException($"no connection: {e.InnerException?.Message ?? e.Message}", e),
        (HttpRequestException { StatusCode: System.Net.HttpStatusCode.Unauthorized or System.Net.HttpStatusCode.Forbidden } h, _) =>
            new UpstreamUnavailableException($"it refuses the configured credentials (HTTP {(int)h.StatusCode!})", e),
        (_, StdioTransport { EndReason: { } reason }) => new HandshakeException(reason, e),
        _ => new HandshakeException($"the handshake failed: {e.Message}", e),
    };

    private McpClientOptions Options() => new()
    {
        ClientInfo = Session.ClientInfo,
        // An upstream with sessions is told once for all its callers; who cannot be asked is answered for when it comes to that.
        Capabilities = new ClientCapabilities
        {
            Elicitation = new ElicitationCapability { Form = new(), Url = new() },
            Sampling = new SamplingCapability(),
            Roots = new RootsCapability(),
        },
        DiscoverProbeTimeout = _slow ? limits.ConnectTimeout : limits.ProbeTimeout,
        InitializationTimeout = limits.ConnectTimeout,
    };
}
