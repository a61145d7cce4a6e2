namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>Waits for what must come, generously: how long it takes is nobody's promise on a busy machine.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        for (var left = 3000; !condition(); left--)
        {
            Assert.True(left > 0, $"never came: {what}");
            await Task.Delay(10);
        }
    }
}
