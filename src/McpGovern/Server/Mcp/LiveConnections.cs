using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>The connections after <c>initialize</c>, which are told unasked when a list changes, and of the resources that they subscribed to.</summary>
internal sealed class LiveConnections : IDisposable
{
    private readonly ConcurrentDictionary<McpServer, byte> _servers = new();
    private readonly Gateway _gateway;
    private readonly ILogger _log;

    public LiveConnections(Gateway gateway, ILogger<LiveConnections> log)
    {
        _gateway = gateway;
        _log = log;
        gateway.Tools.Changed += AnnounceTools;
        gateway.Lists.Changed += AnnounceList;
        gateway.Listeners.Updated += TellUpdated;
    }

    public void Add(McpServer server) => _servers.TryAdd(server, 0);

    public void Remove(McpServer server)
    {
        _servers.TryRemove(server, out _);
        _ = LeaveAsync(server);
    }

    public void Dispose()
    {
        _gateway.Tools.Changed -= AnnounceTools;
        _gateway.Lists.Changed -= AnnounceList;
        _gateway.Listeners.Updated -= TellUpdated;
    }

    private void AnnounceTools() => AnnounceList("tools");

    // Clients of the stateless revision are told only where they listen.
    private void AnnounceList(string list)
    {
        foreach (var server in _servers.Keys.Where(server => ProtocolEra.Initialized.Contains(server.NegotiatedProtocolVersion)))
        {
            _ = TellAsync(server, $"notifications/{list}/list_changed", uri: null);
        }
    }

    // A connection listens under its options, which its handlers know as well as whoever opened it.
    private void TellUpdated(object listener, string uri)
    {
        foreach (var server in _servers.Keys.Where(server => server.ServerOptions == listener))
        {
            _ = TellAsync(server, NotificationMethods.ResourceUpdatedNotification, uri);
        }
    }

    private async Task TellAsync(McpServer server, string method, string? uri)
    {
        try
        {
            await server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = uri is null ? null : new JsonObject { ["uri"] = uri } });
        }
        catch (Exception e)
        {
            // A client that is gone asks for the list again when it comes back.
            _log.AnnouncementLost(e.Message);
        }
    }

    private async Task LeaveAsync(McpServer server)
    {
        try
        {
            await _gateway.Listeners.LeaveAsync(server.ServerOptions);
        }
        catch (Exception e)
        {
            // The upstream goes on telling of what nobody hears.
            _log.AnnouncementLost(e.Message);
        }
    }
}
