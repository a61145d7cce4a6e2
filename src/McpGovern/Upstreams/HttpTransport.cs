using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>The SDK's HTTP transport with our own client and tap below it, and only what is the SDK's business passed up from it.</summary>
internal sealed class HttpTransport : ITransport
{
    private readonly Channel<JsonRpcMessage> _messages = Channel.CreateUnbounded<JsonRpcMessage>();
    private readonly ITransport _inner;
    private readonly HttpClient _client;
    private readonly Inbox _inbox;
    private readonly string _upstream;
    private readonly ILogger _log;
    private readonly Lazy<Task> _closing;

    private HttpTransport(ITransport inner, HttpClient client, Inbox inbox, UpstreamConfig config, UpstreamLimits limits, ILogger log)
    {
        (_inner, _client, _inbox, _upstream, _log) = (inner, client, inbox, config.GovernedName, log);
        _closing = new Lazy<Task>(() => CloseAsync(limits.StopGrace));
        _ = PumpAsync();
    }

    public string? SessionId => _inner.SessionId;

    public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

    public static async Task<HttpTransport> ConnectAsync(
        UpstreamConfig config, Inbox inbox, UpstreamLimits limits, UpstreamCredentials credentials, ILogger log, CancellationToken ct)
    {
        var url = config.Url ?? throw new UpstreamUnavailableException("it has no url");
        var client = Client(url, inbox, limits, credentials, config.PublicOnly);
        try
        {
            // No logger for the SDK: at its lowest level it writes whole messages.
            var transport = new HttpClientTransport(Options(config, url), client, NullLoggerFactory.Instance);
            return new HttpTransport(await transport.ConnectAsync(ct), client, inbox, config, limits, log);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default) =>
        _inner.SendMessageAsync(message, cancellationToken);

    public async ValueTask DisposeAsync() => await _closing.Value;

    private async Task PumpAsync()
    {
        var reason = "the upstream ended the session";
        try
        {
            await foreach (var message in _inner.MessageReader.ReadAllAsync())
            {
                if (!IsOurs(message))
                    _messages.Writer.TryWrite(message);
            }
        }
        catch (Exception e)
        {
            reason = $"the upstream ended the session: {e.Message}";
        }

        _inbox.End(reason);
        _messages.Writer.TryComplete();
    }

    // The tap had these already, byte for byte; the SDK's own ids are numbers.
    private static bool IsOurs(JsonRpcMessage message) => message switch
    {
        JsonRpcResponse { Id.Id: string } or JsonRpcError { Id.Id: string } => true,
        JsonRpcNotification { Method: NotificationMethods.ProgressNotification or NotificationMethods.ToolListChangedNotification } => true,
        JsonRpcNotification
        {
            Method: NotificationMethods.ResourceListChangedNotification or NotificationMethods.PromptListChangedNotification
                or NotificationMethods.ResourceUpdatedNotification
        } => true,
        JsonRpcRequest { Method: var method } => UpstreamQuestion.Is(method),
        _ => false,
    };

    private async Task CloseAsync(TimeSpan grace)
    {
        _inbox.End("it was closed");
        try
        {
            // It tells the server goodbye and would wait for an answer.
            await _inner.DisposeAsync().AsTask().WaitAsync(grace);
        }
        catch (Exception e)
        {
            UpstreamLog.CloseFailed(_log, _upstream, e);
        }

        _client.Dispose();
        _messages.Writer.TryComplete();
    }

    internal static HttpClient Client(Uri url, Inbox inbox, UpstreamLimits limits, UpstreamCredentials? credentials = null, bool publicOnly = false)
    {
        var sockets = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A server may close an idle connection just as we write to it, and then nobody can tell whether it read.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
        };

        if (publicOnly)
            sockets.ConnectCallback = PublicConnect.ConnectAsync;

        // Calls have deadlines of their own: the client's 100 s would cut a long one off.
        return new HttpClient(new HttpTap(sockets, url, inbox, limits.MaxMessageBytes, credentials))
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = limits.MaxMessageBytes,
        };
    }

    private static HttpClientTransportOptions Options(UpstreamConfig config, Uri url) => new()
    {
        Name = config.GovernedName,
        Endpoint = url,
        TransportMode = config.Transport == "sse" ? HttpTransportMode.Sse : HttpTransportMode.AutoDetect,
        AdditionalHeaders = config.Headers.ToDictionary(),
    };
}
