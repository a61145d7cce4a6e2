using System.Text;
using System.Text.Json;
using McpGovern.Tests.Storage;

namespace McpGovern.Tests.Server;

/// <summary>A list among many calls of others: complete by its cursors, bounded for each request, and silent about what the actor may not see.</summary>
public sealed class CallListTests : IAsyncLifetime
{
    private readonly HttpGateway gateway = new();

    public Task InitializeAsync() => gateway.InitializeAsync();

    public Task DisposeAsync() => gateway.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(200)]
    public async Task List_AmongCallsOfOthers_IsCompleteByItsCursors(int limit)
    {
        var random = new Random(limit);
        var asked = await ParkAsync(Enumerable.Range(0, 400).Select(_ => random.Next(5) == 0 ? "agent:coder" : "agent:other"));
        var own = asked.Where(call => call.By == "agent:coder").Select(call => call.Id).Reverse().ToArray();

        var pages = await PagesAsync(limit);

        Assert.Equal(own, pages.SelectMany(page => page.Calls));
        Assert.All(pages, page => Assert.InRange(page.Calls.Count, 0, limit));
        Assert.All(pages, page => Assert.True(page.Cursor is null || page.Calls.Count == 0 || own.Contains(NamedBy(page.Cursor))));
    }

    /// <summary>Otherwise one small request would read the whole store.</summary>
    [Fact]
    public async Task List_WhereNearlyAllIsOfOthers_LooksThroughSoManyAndGoesOnByCursor()
    {
        var asked = await ParkAsync(["agent:coder", .. Enumerable.Repeat("agent:other", 3000)]);

        var pages = await PagesAsync(1);

        Assert.Empty(pages[0].Calls);
        Assert.Equal(asked[0].Id, Assert.Single(pages.SelectMany(page => page.Calls)));
        Assert.InRange(pages.Count, 2, 3);
    }

    private async Task<IReadOnlyList<(string Id, string By)>> ParkAsync(IEnumerable<string> actors)
    {
        var calls = actors.Select((actor, n) => (By: actor,
            Park: TestCalls.Park(at: TestCalls.Noon.AddSeconds(n), with: call => call with { RequestedBy = actor, Credential = $"key:{actor}" }))).ToArray();
        await Task.WhenAll(calls.Select(call => gateway.Running.Gateway.Store.AppendAsync(call.Park, default)));
        return [.. calls.Select(call => (call.Park.CallId, call.By))];
    }

    private async Task<List<(IReadOnlyList<string> Calls, string? Cursor)>> PagesAsync(int limit)
    {
        var pages = new List<(IReadOnlyList<string> Calls, string? Cursor)>();
        do
        {
            using var request = new HttpRequestMessage(HttpMethod.Get,
                new Uri(gateway.Address, $"/api/v1/calls?limit={limit}{(pages is [.., var last] ? $"&cursor={last.Cursor}" : "")}"));
            request.Headers.Authorization = new("Bearer", HttpGateway.AgentKey);
            using var response = await gateway.Client.SendAsync(request);
            using var list = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
            pages.Add(([.. list.RootElement.GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("call_id").GetString()!)],
                list.RootElement.GetProperty("next_cursor").GetString()));
        }
        while (pages[^1].Cursor is not null);
        return pages;
    }

    private static string NamedBy(string cursor) => Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(cursor)).Split('.')[2];
}
