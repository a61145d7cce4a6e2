using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.ConsolePages;

/// <summary>Every face of a call says where its page is.</summary>
public sealed class LinkTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("https://gate.example/", "https://gate.example/approvals/call_1")]
    [InlineData("https://gate.example/govern/", "https://gate.example/govern/approvals/call_1")]
    public void For_ACall_IsUnderTheRoot(string? root, string? url) => Assert.Equal(url, new ApprovalLinks(root is null ? null : new Uri(root)).For("call_1"));

    [Theory]
    [InlineData("http://127.0.0.1:7700", null, "http://127.0.0.1:7700/")]
    [InlineData("http://0.0.0.0:7700", null, null)]
    [InlineData("http://[::]:7700", null, null)]
    [InlineData("http://0.0.0.0:7700", "https://gate.example/govern", "https://gate.example/govern/")]
    public void PagesAt_AnAddress_IsOneThatPeopleCanOpen(string listen, string? publicUrl, string? pages) => Assert.Equal(
        pages, new HttpOptions(new Uri(listen), [], "", "me") { PublicUrl = publicUrl is null ? null : new Uri(publicUrl) }.PagesAt(new Uri(listen))?.ToString());

    [Fact]
    public async Task Url_OfAParkedCall_OpensItsPage()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var told = await house.Gateway.CallAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(house.Address, $"/api/v1/calls/{told.CallId}"));
        var rest = await alice.SendAsync(request, ("Authorization", $"Bearer {ConsoleHouse.AliceKey}"));

        var url = told.Meta.GetProperty("url").GetString()!;

        Assert.Equal(new Uri(house.Address, $"/approvals/{told.CallId}").ToString(), url);
        Assert.Contains(url, told.Text, StringComparison.Ordinal);
        Assert.Equal(url, JsonElement.Parse(rest.Html).GetProperty("url").GetString());
        Assert.True((await alice.GetAsync(new Uri(url).AbsolutePath)).HasButton("approve"));
    }

    [Fact]
    public async Task Url_WithoutAServerOfPages_IsNotMadeUp()
    {
        await using var story = new Story(Story.Gated);
        var told = await (await story.StartAsync()).CallAsync("echo");

        Assert.Equal(JsonValueKind.Null, told.Meta.GetProperty("url").ValueKind);
        Assert.DoesNotContain("http", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_OnTheCommandLine_NamesThePublicPage()
    {
        using var folder = new TempFolder();
        var settings = folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = "sqlite:./store.db",
            public_url = "https://gate.example/govern",
            policy = new { @default = "require_approval" },
            mcpServers = new { none = new { command = "/bin/false" } },
        });
        var call = TestCalls.NewId();
        await using (var store = CallStores.Open($"sqlite:{folder.File("store.db")}", TimeProvider.System, NullLoggerFactory.Instance))
        {
            await store.PrepareAsync(default);
            Assert.IsType<AppendResult.Appended>(await store.AppendAsync(TestCalls.Park(call), default));
        }

        var text = await GovernProcess.RunToEndAsync("show", settings, [call]);
        var json = await GovernProcess.RunToEndAsync("show", settings, [call, "--json"]);

        Assert.Contains($"https://gate.example/govern/approvals/{call}", text.Output, StringComparison.Ordinal);
        Assert.Equal($"https://gate.example/govern/approvals/{call}", JsonElement.Parse(json.Output).GetProperty("url").GetString());
    }
}
