using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>Starts or reaches one upstream, agrees on a protocol revision and reads its tools. Remembers its era for later connects.</summary>
internal sealed class Connector(UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger log)
{
    private bool _legacy;

    /// <exception cref="UpstreamUnavailableException">It could not be started, reached or understood.</exception>
    public async Task<UpstreamConnection> ConnectAsync(CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(limits.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            return await NegotiateAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
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
            UpstreamLog.ProbeFailed(log, config.GovernedName, e.Message);
            return await OpenAsync(legacy: true, ct);
        }
        catch (UpstreamUnavailableException)
        {
            // It may have become another server since.
            _legacy = false;
            throw;
        }
    }

    private async Task<UpstreamConnection> OpenAsync(bool legacy, CancellationToken ct)
    {
        var inbox = new Inbox(config.GovernedName, log);
        ITransport transport = config.Transport == "stdio"
            ? new StdioTransport(ChildProcess.Start(config, limits, time, log), inbox, config, limits, log)
            : await HttpTransport.ConnectAsync(config, inbox, limits, log, ct);
        try
        {
            var client = await McpClient.CreateAsync(new Handshake(transport, legacy), Options(), NullLoggerFactory.Instance, ct);
            var session = new Session(client.NegotiatedProtocolVersion, config.Transport == "stdio");
            _legacy = !session.Modern;
            var exchange = new Exchange(transport, inbox, session, config.GovernedName, limits, time, log);
            var connection = new UpstreamConnection(config.GovernedName, client, transport, exchange, inbox, limits, time, log);
            await connection.ReadToolsAsync(ct);
            return connection;
        }
        catch (Exception e)
        {
            var failure = Unavailable(e, transport);
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
        Capabilities = new ClientCapabilities(),
        DiscoverProbeTimeout = limits.ProbeTimeout,
        InitializationTimeout = limits.ConnectTimeout,
    };
}
