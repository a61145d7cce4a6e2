namespace McpGovern.Tests.Processes;

/// <summary>A running <c>serve</c>, with the address it listens on.</summary>
internal sealed class ServingProcess(ChildProcess process, Uri address) : IAsyncDisposable
{
    public ChildProcess Process { get; } = process;
    public Uri Address { get; } = address;
    public Uri McpEndpoint => new(Address, "/mcp");

    public async Task WaitUntilReadyAsync()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(Process.HasExited, $"serve ended before it was ready; stdout:\n{Process.Output}\nstderr:\n{Process.Errors}");
                return await AnswersAsync(http);
            },
            () => $"serve did not become ready; stdout:\n{Process.Output}\nstderr:\n{Process.Errors}");
    }

    public void KillHard() => Process.KillHard();

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(Address, "/readyz"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
