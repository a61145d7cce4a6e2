using McpGovern.Tests.Storage;

namespace McpGovern.Torture.Storms;

/// <summary>What the storms over PostgreSQL share.</summary>
internal static class PostgresStorms
{
    public static string? WhyNot() =>
        Directory.Exists("/usr/lib/postgresql") ? null : "PostgreSQL is not installed";

    /// <summary>Appends with many callers at once until told to stop; what was acknowledged is in the result, by call.</summary>
    public static async Task<Dictionary<string, long>> LoadAsync(
        McpGovern.Storage.ICallStore store, int callers, bool onlyParks, Tally tally, CancellationToken stop, Action<McpGovern.Storage.StoreUnavailableException>? refused = null)
    {
        var acknowledged = new Dictionary<string, long>(StringComparer.Ordinal);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (onlyParks)
                {
                    // Who acknowledges first never waits, and would never give way to anybody.
                    await Task.Delay(1, CancellationToken.None);
                }

                var park = TestCalls.Park();
                if (await TryAsync(park) && !onlyParks)
                {
                    await TryAsync(TestCalls.Decide(park.CallId, TestCalls.EventsOf(park), TestCalls.Approve("alice")));
                }
            }
        }));
        return acknowledged;

        async Task<bool> TryAsync(McpGovern.Storage.Append append)
        {
            try
            {
                var appended = await store.AppendAsync(append, default);
                if (appended is McpGovern.Storage.AppendResult.Appended)
                {
                    lock (acknowledged)
                    {
                        acknowledged[append.CallId] = append.Row.Version;
                    }

                    return true;
                }

                // Nobody else writes to these calls: a conflict would be our own event, taken for somebody else's.
                tally.Violation($"a lost answer was taken for a lost race: {append.CallId}");
            }
            catch (McpGovern.Storage.StoreUnavailableException e)
            {
                tally.Note("refused");
                refused?.Invoke(e);
                await Task.Delay(50, CancellationToken.None);
            }

            return false;
        }
    }
}
