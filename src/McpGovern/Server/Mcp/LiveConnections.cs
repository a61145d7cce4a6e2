using System.Collections.Concurrent;
using McpGovern.Calls;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>The connections after <c>initialize</c>, which are told unasked when the tools change.</summary>
internal sealed class LiveConnections : IDisposable
{
    private readonly ConcurrentDictionary<McpServer, byte> _servers = new();
    private readonly GovernedTools _tools;
    private readonly ILogger _log;

    public LiveConnections(GovernedTools tools, ILogger<LiveConnections> log)
    {
        _tools = tools;
        _log = log;
        _tools.Changed += Announce;
    }

    public void Add(McpServer server) => _servers.TryAdd(server, 0);

    public void Remove(McpServer server) => _servers.TryRemove(server, out _);

    public void Dispose() => _tools.Changed -= Announce;

    // Clients of the stateless revision are told only where they listen.
    private void Announce()
    {
        foreach (var server in _servers.Keys.Where(server => ProtocolEra.Initialized.Contains(server.NegotiatedProtocolVersion)))
        {
            _ = AnnounceToAsync(server);
        }
    }

    private async Task AnnounceToAsync(McpServer server)
    {
        try
        {
            await server.SendMessageAsync(new JsonRpcNotification { Method = NotificationMethods.ToolListChangedNotification });
        }
        catch (Exception e)
        {
            // A client that is gone asks for the list again when it comes back.
            _log.AnnouncementLost(e.Message);
        }
    }
}
