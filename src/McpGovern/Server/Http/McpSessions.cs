using System.Collections.Concurrent;
using System.Security.Cryptography;
using McpGovern.Calls;
using McpGovern.Storage;
using Microsoft.Extensions.Logging;

namespace McpGovern.Server;

/// <summary>
/// The open sessions. They end when asked to, and when nobody used them for long; with the process ends only what it holds of them: any
/// process of the store makes them anew when their client comes back.
/// </summary>
internal sealed class McpSessions(
    McpFrontDoor door, LiveConnections live, SessionRecords records, HttpOptions options, TimeProvider time, ILogger<McpSessions> log) : IAsyncDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, McpSession> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Id, string Credential), Lazy<Task<McpSession?>>> _restoring = new();
    private readonly CancellationTokenSource _stop = new();

    // A session that is in use says so in the store well before its record's end.
    private readonly TimeSpan _keepEvery = options.SessionIdle / 4 < TimeSpan.FromMinutes(1) ? options.SessionIdle / 4 : TimeSpan.FromMinutes(1);

    /// <summary>A new session, or the cap that there are already as many as it allows and none of the actor's is idle.</summary>
    public async Task<(McpSession? Session, string? Refusal)> OpenAsync(Actor actor, CancellationToken ct)
    {
        if (await MakeRoomAsync(actor, ct) is { } refusal)
        {
            return (null, refusal);
        }

        var session = Hold(new McpSession(RandomNumberGenerator.GetHexString(32, lowercase: true), actor, door, time, options.Heartbeat, log));
        log.SessionBegins(session.Name, actor.Id);
        return (session, null);
    }

    /// <summary>The actor's session, made anew where another process had it; another's is as unknown as one that never was.</summary>
    /// <exception cref="StoreUnavailableException">It is not here, and nobody knows whether it is elsewhere.</exception>
    public async Task<McpSession?> FindAsync(string id, Actor actor, CancellationToken ct)
    {
        if (_sessions.TryGetValue(id, out var session))
        {
            if (!session.Record.IsOf(actor))
            {
                return null;
            }

            if (session.Actor.HasRightsOf(actor))
            {
                session.Touch();
                return session;
            }

            // Its handlers act with the rights that it was opened with: other rights need others.
            await LetGoAsync(session, "its actor came with other rights");
        }

        // All who come at once wait for the one that begins.
        var restored = await _restoring.GetOrAdd((id, actor.Credential), _ => new(() => RestoreAsync(id, actor))).Value.WaitAsync(ct);
        return restored?.Actor.HasRightsOf(actor) == true ? restored : null;
    }

    /// <summary>To be called when a client's message was answered: what it said for the session's whole length is kept.</summary>
    public async Task KeepAsync(McpSession session, CancellationToken ct)
    {
        try
        {
            await records.KeepAsync(session.Id, session.Record, ct);
            session.Kept();
        }
        catch (StoreUnavailableException e)
        {
            // The sweep tries again; until then the session is as good as ever, and would not outlive the process.
            log.SessionNotKept(session.Name, e.Message);
        }
    }

    /// <summary>Ends it for every process.</summary>
    /// <exception cref="StoreUnavailableException">It could not be forgotten, and goes on.</exception>
    public async Task EndAsync(McpSession session, string why, CancellationToken ct)
    {
        await records.ForgetAsync(session.Id, ct);
        await LetGoAsync(session, why);
    }

    /// <summary>Keeps the sessions that are used and lets go of the idle ones until the process ends.</summary>
    public async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(SweepEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var now = time.GetUtcNow();
                foreach (var session in _sessions.Values)
                {
                    await LookAfterAsync(session, now);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    /// <summary>Their records stay: whoever serves next goes on with them.</summary>
    public async Task LetAllGoAsync() => await Task.WhenAll(_sessions.Values.Select(session => LetGoAsync(session, "the server stops")));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await LetAllGoAsync();
        _stop.Dispose();
    }

    private async Task LookAfterAsync(McpSession session, DateTimeOffset now)
    {
        if (!session.IsBusy && session.LastUsed < now - options.SessionIdle)
        {
            // Its record has run out by itself, unless another process serves it.
            await LetGoAsync(session, "nobody used it");
        }
        else if (now - session.KeptAt >= _keepEvery && (session.IsBusy || session.LastUsed > session.KeptAt))
        {
            if (await IsEndedElsewhereAsync(session))
            {
                await LetGoAsync(session, "its client ended it at another process");
            }
            else
            {
                await KeepAsync(session, _stop.Token);
            }
        }
    }

    private async Task<bool> IsEndedElsewhereAsync(McpSession session)
    {
        // Past its own end a record is gone by itself: the clock jumped, or the machine slept.
        var mayBeThere = session.WasKept && time.GetUtcNow() - session.KeptAt < options.SessionIdle;
        try
        {
            return mayBeThere && await records.FindAsync(session.Id, _stop.Token) is null;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private async Task<McpSession?> RestoreAsync(string id, Actor actor)
    {
        try
        {
            // Somebody may have been here since it was looked for.
            if (_sessions.TryGetValue(id, out var here))
            {
                return here.Record.IsOf(actor) ? here : null;
            }

            if (await records.FindAsync(id, _stop.Token) is not { } record || !record.IsOf(actor) || await MakeRoomAsync(actor, _stop.Token) is not null)
            {
                return null;
            }

            var session = new McpSession(id, actor, door, time, options.Heartbeat, log);
            await session.ReplayAsync(record.Messages);
            session.Kept();
            log.SessionRestored(session.Name, actor.Id);
            return Hold(session);
        }
        finally
        {
            _restoring.TryRemove((id, actor.Credential), out _);
        }
    }

    private async Task<string?> MakeRoomAsync(Actor actor, CancellationToken ct)
    {
        var mine = _sessions.Values.Where(session => session.Actor.Id == actor.Id).ToArray();
        if (_sessions.Count < options.MaxSessions && mine.Length < options.Limits.Sessions)
        {
            return null;
        }

        if (mine.Where(session => !session.IsBusy).MinBy(session => session.LastUsed) is { } oldest)
        {
            await EndAsync(oldest, "it made room for a newer one", ct);
            return null;
        }

        return mine.Length < options.Limits.Sessions
            ? $"{options.MaxSessions} sessions are open; end one with DELETE, or try again later"
            : $"{mine.Length} sessions of {actor.Id} are open and in use, and at most {options.Limits.Sessions} may be (caps.sessions_per_actor)";
    }

    private McpSession Hold(McpSession session)
    {
        _sessions[session.Id] = session;
        live.Add(session.Server);
        return session;
    }

    private async Task LetGoAsync(McpSession session, string why)
    {
        if (_sessions.TryRemove(session.Id, out _))
        {
            live.Remove(session.Server);
            log.SessionEnds(session.Name, session.Actor.Id, why);
            await session.DisposeAsync();
        }
    }
}
