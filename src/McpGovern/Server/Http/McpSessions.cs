using System.Collections.Concurrent;
using System.Security.Cryptography;
using McpGovern.Calls;
using Microsoft.Extensions.Logging;

namespace McpGovern.Server;

/// <summary>The open sessions. They end when asked to, when nobody used them for long, and with the process.</summary>
internal sealed class McpSessions(McpFrontDoor door, LiveConnections live, HttpOptions options, TimeProvider time, ILogger<McpSessions> log) : IAsyncDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, McpSession> _sessions = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>A new session, or <c>null</c> where there are as many as may be and none of the actor's is idle.</summary>
    public async Task<McpSession?> OpenAsync(Actor actor)
    {
        if (_sessions.Count >= options.MaxSessions)
        {
            var oldest = _sessions.Values.Where(s => s.Actor.Id == actor.Id && !s.IsBusy).MinBy(s => s.LastUsed);
            if (oldest is null)
            {
                return null;
            }

            await EndAsync(oldest, "it made room for a newer one");
        }

        var session = new McpSession(RandomNumberGenerator.GetHexString(32, lowercase: true), actor, door, time, options.Heartbeat, log);
        _sessions[session.Id] = session;
        live.Add(session.Server);
        log.SessionBegins(Short(session), actor.Id);
        return session;
    }

    /// <summary>The actor's session; another's is as unknown as one that never was.</summary>
    public McpSession? Find(string id, Actor actor)
    {
        if (!_sessions.TryGetValue(id, out var session) || session.Actor.Id != actor.Id)
        {
            return null;
        }

        session.Touch();
        return session;
    }

    public async Task EndAsync(McpSession session, string why)
    {
        if (_sessions.TryRemove(session.Id, out _))
        {
            live.Remove(session.Server);
            log.SessionEnds(Short(session), session.Actor.Id, why);
            await session.DisposeAsync();
        }
    }

    /// <summary>Ends idle sessions until the process ends.</summary>
    public async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(SweepEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var idle = time.GetUtcNow() - options.SessionIdle;
                foreach (var session in _sessions.Values.Where(s => !s.IsBusy && s.LastUsed < idle))
                {
                    await EndAsync(session, "nobody used it");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    public async Task EndAllAsync() => await Task.WhenAll(_sessions.Values.Select(session => EndAsync(session, "the server stops")));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await EndAllAsync();
        _stop.Dispose();
    }

    // The whole id is what a client shows to be let in.
    private static string Short(McpSession session) => session.Id[..8];
}
