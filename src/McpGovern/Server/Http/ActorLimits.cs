using McpGovern.Calls;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>How much of the server one actor may use at once; each refusal names its setting.</summary>
/// <param name="Sessions">Open ones, of the revisions that have them.</param>
/// <param name="Requests">Being answered at the same time.</param>
/// <param name="Streams">Connections that stay open to hear of changes: GET, <c>subscriptions/listen</c> and <c>/sse</c>.</param>
internal sealed record ActorLimits(int Sessions, int Requests, int Streams)
{
    public static ActorLimits Default { get; } = new(200, 256, 200);
}

/// <summary>Places of a kind, so many for each actor.</summary>
/// <param name="setting">What its refusal names.</param>
internal sealed class ActorPlaces(int most, string what, string setting)
{
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);

    public string Refusal(string actor) => $"{actor} has {most} {what} already, and more are refused ({setting}); try again when one has ended";

    /// <summary>To be disposed when what takes it ends; <c>null</c> where all are taken.</summary>
    public IDisposable? TryTake(string actor)
    {
        lock (_taken)
        {
            var taken = _taken.GetValueOrDefault(actor);
            if (taken >= most)
            {
                return null;
            }

            _taken[actor] = taken + 1;
            return new Place(this, actor);
        }
    }

    private void Return(string actor)
    {
        lock (_taken)
        {
            if (--_taken[actor] == 0)
            {
                _taken.Remove(actor);
            }
        }
    }

    private sealed class Place(ActorPlaces places, string actor) : IDisposable
    {
        private int _returned;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                places.Return(actor);
            }
        }
    }
}

/// <summary>The places of one server.</summary>
internal sealed class Admittance(ActorLimits limits, TimeProvider time)
{
    private readonly RefusalPace _pace = new(time);

    public ActorPlaces Requests { get; } = new(limits.Requests, "requests that are being answered", "caps.requests_per_actor");

    public ActorPlaces Streams { get; } = new(limits.Streams, "open streams", "caps.streams_per_actor");

    /// <summary>Says that it is too much, later the more often it is said.</summary>
    public async Task RefuseAsync(HttpContext http, string actor, RequestId id, string why)
    {
        await _pace.WaitAsync(actor, http.RequestAborted);
        await McpAnswer.RefuseAsync(http, id, why);
    }
}
