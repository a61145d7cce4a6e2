using System.Text;
using System.Text.Json;
using McpGovern.Tests.Processes;
using static McpGovern.Tests.Server.RelayHouse;

namespace McpGovern.Tests.Server;

/// <summary>Who is told that a list or a resource changed.</summary>
public sealed class RelayNoticeTests(RelayHouse house) : IClassFixture<RelayHouse>
{
    private const string One = "test://north/one", Five = "test://north/5/data", Updated = "notifications/resources/updated", PromptsChanged = "notifications/prompts/list_changed";

    [Fact]
    public async Task Update_OfAResource_ReachesItsSubscribersAlone()
    {
        var (first, second, other) = (await OpenAsync(), await OpenAsync(), await OpenAsync());
        var before = Subscribed();
        await SubscribeAsync(first, One);
        await SubscribeAsync(second, One);
        Assert.Equal(before + 1, Subscribed());

        await house.NotifyAsync(Updated, $$"""{"uri":"{{One}}"}""");
        await house.NotifyAsync(PromptsChanged);

        Assert.Equal([$"{Updated} {One}", PromptsChanged], await first.NextAsync(2));
        Assert.Equal([$"{Updated} {One}", PromptsChanged], await second.NextAsync(2));
        Assert.Equal([PromptsChanged], await other.NextAsync(1));

        await house.Gateway.AskAsync(first.Session, $$$"""{"jsonrpc":"2.0","id":3,"method":"resources/unsubscribe","params":{"uri":"{{{One}}}"}}""");
        await house.NotifyAsync(Updated, $$"""{"uri":"{{One}}/below"}""");
        await house.NotifyAsync(PromptsChanged);
        Assert.Equal([PromptsChanged], await first.NextAsync(1));
        Assert.Equal([$"{Updated} {One}/below", PromptsChanged], await second.NextAsync(2));

        Assert.Equal(0, Unsubscribed());
        using (var delete = house.Gateway.Request(HttpMethod.Delete, "/mcp"))
        {
            delete.Headers.Add("Mcp-Session-Id", second.Session);
            (await house.Gateway.Client.SendAsync(delete)).Dispose();
        }

        await Eventually.TrueAsync(() => Unsubscribed() == 1, () => string.Join('\n', house.North));
    }

    [Theory]
    [InlineData("test://nowhere")]
    [InlineData("test://north/secret/data")]
    public async Task Subscribe_ToWhatMayNotBeRead_IsRefusedAsUnknown(string uri)
    {
        var (answer, _) = await house.Gateway.AskAsync(
            await house.Gateway.OpenSessionAsync(), $$$"""{"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"{{{uri}}}"}}""");

        Assert.Contains("-32002", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listen_ToResourcesAndLists_AcknowledgesWhatMayBeReadAndTagsEveryNotice()
    {
        using var request = ModernClient.Post(house.Gateway, ModernClient.Body(
            "subscriptions/listen", """ "notifications":{"resourcesListChanged":true,"resourceSubscriptions":["test://north/5/data","test://south/two","test://nowhere"]},"""));
        using var response = await house.Gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var events = new Events("", await response.Content.ReadAsStreamAsync());
        var ack = await events.MessageAsync();

        await house.NotifyAsync(Updated, $$"""{"uri":"{{Five}}"}""");
        var update = await events.MessageAsync();
        await house.NotifyAsync("notifications/resources/list_changed");
        var change = await events.MessageAsync();

        Assert.Equal("""{"resourcesListChanged":true,"resourceSubscriptions":["test://north/5/data"]}""", ack.GetProperty("params").GetProperty("notifications").GetRawText());
        Assert.Equal((Updated, Five), (update.GetProperty("method").GetString(), update.GetProperty("params").GetProperty("uri").GetString()));
        Assert.Equal("notifications/resources/list_changed", change.GetProperty("method").GetString());
        Assert.All([ack, update, change], m => Assert.Equal(7, m.GetProperty("params").GetProperty("_meta").GetProperty("io.modelcontextprotocol/subscriptionId").GetInt32()));
        Assert.Contains((await house.ResultAsync(Stdio, "resources/list")).GetProperty("resources").EnumerateArray(),
            resource => resource.GetProperty("uri").GetString()!.StartsWith("test://north/new_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Subscription_AfterItsUpstreamDied_IsMadeAgain()
    {
        var client = await OpenAsync();
        await SubscribeAsync(client, "test://north/9/data");
        int Mine() => house.North.Count(line => line == "resources/subscribe test://north/9/data");
        Assert.Equal(1, Mine());

        await house.CrashNorthAsync();

        await Eventually.TrueAsync(() => Mine() == 2, () => string.Join('\n', house.North));
    }

    private int Subscribed() => house.North.Count(line => line == $"resources/subscribe {One}");

    private int Unsubscribed() => house.North.Count(line => line == $"resources/unsubscribe {One}");

    private async Task SubscribeAsync(Events client, string uri)
    {
        var (answer, _) = await house.Gateway.AskAsync(client.Session, $$$"""{"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"{{{uri}}}"}}""");
        Assert.Contains("\"result\":{}", answer, StringComparison.Ordinal);
    }

    private async Task<Events> OpenAsync()
    {
        var session = await house.Gateway.OpenSessionAsync();
        using var get = house.Gateway.Request(HttpMethod.Get, "/mcp");
        get.Headers.Accept.ParseAdd("text/event-stream");
        get.Headers.Add("Mcp-Session-Id", session);
        var response = await house.Gateway.Client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead);
        return new(session, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>What a client hears unasked.</summary>
    private sealed class Events(string session, Stream stream) : IDisposable
    {
        private readonly StreamReader _reader = new(stream, Encoding.UTF8);

        public string Session => session;

        public async Task<JsonElement> MessageAsync()
        {
            while (await _reader.ReadLineAsync().WaitAsync(Eventually.Limit) is { } line)
            {
                if (line.StartsWith("data:", StringComparison.Ordinal))
                {
                    return JsonElement.Parse(line[5..]);
                }
            }

            throw new EndOfStreamException("the stream ended");
        }

        /// <summary>The next notices, as they come.</summary>
        public async Task<string[]> NextAsync(int count)
        {
            var heard = new List<string>();
            while (heard.Count < count)
            {
                var message = await MessageAsync();
                var uri = message.TryGetProperty("params", out var told) && told.TryGetProperty("uri", out var of) ? $" {of.GetString()}" : "";
                heard.Add(message.GetProperty("method").GetString() + uri);
            }

            return [.. heard];
        }

        public void Dispose() => _reader.Dispose();
    }
}
