using System.Collections.Concurrent;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>
/// Keeps to <see cref="CallLimits.PendingPerActor"/> also when an actor's calls arrive at once: between the count and the record of one park,
/// others of the same actor would count the same. Far below the cap nobody waits for anybody; near it they go one by one.
/// </summary>
/// <remarks>Several processes over one store know nothing of each other here: each may overshoot by what it is recording at that moment.</remarks>
internal sealed class ParkingPlaces(CallLimits limits, ICallStore store, string scope, RefusalPace pace)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <returns>A place, to be disposed of once the park is recorded or given up; or why there is none.</returns>
    public async Task<(IDisposable? Place, string? WhyNot)> TakeAsync(string actor, CancellationToken ct)
    {
        var found = await FindAsync(actor, ct);
        if (found.WhyNot is not null)
        {
            await pace.WaitAsync(actor, ct);
        }

        return found;
    }

    private async Task<(IDisposable? Place, string? WhyNot)> FindAsync(string actor, CancellationToken ct)
    {
        var lane = _lanes.GetOrAdd(actor, _ => new Lane());
        var (arrived, underWay) = (lane.Looks, lane.Begin());
        // Where the last look found all taken, the next one is taken in turn: a flood would look once more for each of its calls.
        if (!lane.WasFull && await CountAsync(lane, actor, ct) + underWay <= limits.PendingPerActor)
        {
            return (new Place(lane, inTurn: false), null);
        }

        lane.End();
        await lane.Turn.WaitAsync(ct);
        if (lane.FoundFull > arrived)
        {
            // Somebody looked after this call had come: it would see the same.
            lane.Turn.Release();
            return (null, limits.TooMany(actor, lane.PendingThen));
        }

        lane.Begin();
        var place = new Place(lane, inTurn: true);
        try
        {
            return await LastPlaceAsync(lane, actor, ct) is { } whyNot ? (Free(place), whyNot) : (place, null);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    // What is under way is read before the count: what ends in between is counted twice, and never not at all.
    private async Task<string?> LastPlaceAsync(Lane lane, string actor, CancellationToken ct)
    {
        while (true)
        {
            var (look, others) = (lane.Look(), lane.UnderWay - 1);
            var pending = await store.CountPendingAsync(scope, actor, ct);
            lane.Note(look, pending, pending >= limits.PendingPerActor);
            if (lane.WasFull)
            {
                return limits.TooMany(actor, pending);
            }

            if (pending + others < limits.PendingPerActor)
            {
                return null;
            }

            await Task.Delay(Pause, ct);
        }
    }

    private async Task<long> CountAsync(Lane lane, string actor, CancellationToken ct)
    {
        try
        {
            return await store.CountPendingAsync(scope, actor, ct);
        }
        catch
        {
            lane.End();
            throw;
        }
    }

    private static Place? Free(Place place)
    {
        place.Dispose();
        return null;
    }

    private sealed class Lane
    {
        private int _underWay;
        private long _looks;

        /// <summary>How many looks in turn have begun.</summary>
        public long Looks => Volatile.Read(ref _looks);

        /// <summary>Whether the last look in turn found no place; true until another finds one.</summary>
        public bool WasFull { get; private set; }

        /// <summary>The number of the last look that found no place, and what it counted. Only to be read in turn.</summary>
        public long FoundFull { get; private set; }

        public long PendingThen { get; private set; }

        public SemaphoreSlim Turn { get; } = new(1);

        public int UnderWay => Volatile.Read(ref _underWay);

        public long Look() => Interlocked.Increment(ref _looks);

        public void Note(long look, long pending, bool full)
        {
            WasFull = full;
            if (full)
            {
                (FoundFull, PendingThen) = (look, pending);
            }
        }

        public int Begin() => Interlocked.Increment(ref _underWay);

        public void End() => Interlocked.Decrement(ref _underWay);
    }

    private sealed class Place(Lane lane, bool inTurn) : IDisposable
    {
        public void Dispose()
        {
            lane.End();
            if (inTurn)
            {
                lane.Turn.Release();
            }
        }
    }
}
