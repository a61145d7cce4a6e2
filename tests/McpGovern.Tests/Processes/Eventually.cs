namespace McpGovern.Tests.Processes;

/// <summary>Waits by looking again: the limit is generous because the machine may be busy, and is no statement about speed.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> otherwise, TimeSpan? limit = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > (limit ?? Limit))
            {
                Assert.Fail(otherwise());
            }

            await Task.Delay(25);
        }
    }

    public static Task TrueAsync(Func<bool> condition, Func<string> otherwise, TimeSpan? limit = null) =>
        TrueAsync(() => Task.FromResult(condition()), otherwise, limit);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(condition, () => $"never came: {what}");
}
