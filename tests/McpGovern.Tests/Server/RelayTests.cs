using System.Text.Json;
using McpGovern.Tests.Upstreams.Fakes;
using static McpGovern.Tests.Server.RelayHouse;

namespace McpGovern.Tests.Server;

/// <summary>What clients see of two upstreams' resources and prompts, by every way in.</summary>
public sealed class RelayTests(RelayHouse house) : IClassFixture<RelayHouse>
{
    [Theory]
    [InlineData(Session)]
    [InlineData(Stateless)]
    [InlineData(Stdio)]
    public async Task Lists_OfTwoUpstreams_AreWholeInOrderVerbatimAndFiltered(string door)
    {
        var resources = await house.ResultAsync(door, "resources/list");
        var templates = await house.ResultAsync(door, "resources/templates/list");
        var prompts = await house.ResultAsync(door, "prompts/list");

        Assert.Equal(["test://north/one", "test://north/two", "test://shared", "test://south/one"], Names(resources, "resources", "uri"));
        Assert.Contains(FakeOffers.Resource("test://shared", "north"), resources.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(["test://north/{id}/data", "test://south/{id}/data"], Names(templates, "resourceTemplates", "uriTemplate"));
        Assert.Equal(["north__greet", "north__north_only", "south__south_only"], Names(prompts, "prompts", "name"));
        Assert.Contains(
            FakeOffers.Prompt("south_only", null).Replace("\"south_only\", ", "\"south__south_only\",", StringComparison.Ordinal), prompts.GetRawText(), StringComparison.Ordinal);
        Assert.All([resources, templates, prompts], list => Assert.Equal(
            door == Stateless, list.TryGetProperty("ttlMs", out _) && list.GetProperty("cacheScope").GetString() == "private" && list.TryGetProperty("resultType", out _)));
        Assert.All([resources, templates, prompts], list => Assert.False(list.TryGetProperty("nextCursor", out _)));
    }

    [Theory]
    [InlineData(Session)]
    [InlineData(Stateless)]
    public async Task Lists_OfAnActorWhoMayNotCall_AreEmpty(string door)
    {
        Assert.Empty(Names(await house.ResultAsync(door, "resources/list", key: HttpGateway.AuditorKey), "resources", "uri"));
        Assert.Empty(Names(await house.ResultAsync(door, "resources/templates/list", key: HttpGateway.AuditorKey), "resourceTemplates", "uriTemplate"));
        Assert.Empty(Names(await house.ResultAsync(door, "prompts/list", key: HttpGateway.AuditorKey), "prompts", "name"));
    }

    [Theory]
    [InlineData(Session, "test://north/one", "north")]
    [InlineData(Session, "test://shared", "north")]
    [InlineData(Session, "test://south/7/data", "south")]
    [InlineData(Stateless, "test://north/one", "north")]
    [InlineData(Stateless, "test://south/7/data", "south")]
    [InlineData(Stdio, "test://south/one", "south")]
    public async Task Read_OfAListedOrTemplatedResource_ComesFromItsUpstreamVerbatim(string door, string uri, string server)
    {
        var result = (await house.ResultAsync(door, "resources/read", $"\"uri\":\"{uri}\",", uri)).GetRawText();

        Assert.Contains($$"""[{"uri":"{{uri}}","text":"\ud800 of {{server}}","x":1.0}],"vendor":1E2""", result, StringComparison.Ordinal);
        Assert.Equal(door == Stateless, result.Contains("\"ttlMs\":0,\"cacheScope\":\"private\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Session, -32002)]
    [InlineData(Stateless, -32602)]
    [InlineData(Stdio, -32002)]
    public async Task Read_OfWhatIsDeniedUnknownOrGated_IsAnError(string door, int code)
    {
        foreach (var uri in new[] { "test://south/two", "test://south/secret/data", "test://nowhere", "test://south/1/2/data" })
        {
            var (told, message, error) = await house.ErrorAsync(door, "resources/read", $"\"uri\":\"{uri}\",", uri);
            Assert.Equal((code, "resource not found", false), (told, message, error.TryGetProperty("data", out _)));
        }

        var (parked, why, card) = await house.ErrorAsync(door, "resources/read", "\"uri\":\"test://north/two\",", "test://north/two");
        Assert.Equal(-31000, parked);
        Assert.StartsWith("Not executed", why, StringComparison.Ordinal);
        Assert.Equal("pending", card.GetProperty("data").GetProperty("mcpgovern/call").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData(Session)]
    [InlineData(Stateless)]
    [InlineData(Stdio)]
    public async Task Prompt_UnderItsAdvertisedName_ComesFromItsUpstream(string door)
    {
        var result = await house.ResultAsync(door, "prompts/get", "\"name\":\"south__south_only\",\"arguments\":{\"who\":\"me\"},", "south__south_only");

        Assert.Equal("of south", result.GetProperty("messages")[0].GetProperty("content").GetProperty("text").GetString());
        foreach (var name in new[] { "south__greet", "greet", "none" })
        {
            var (code, message, _) = await house.ErrorAsync(door, "prompts/get", $"\"name\":\"{name}\",", name);
            Assert.Equal((-32602, "prompt not found"), (code, message));
        }
    }

    [Theory]
    [InlineData(Session)]
    [InlineData(Stateless)]
    public async Task Completion_OfAPromptOrTemplate_IsAskedOfItsUpstream(string door)
    {
        var ofPrompt = await house.ResultAsync(door, "completion/complete",
            """ "ref":{"type":"ref/prompt","name":"south__south_only"},"argument":{"name":"who","value":"a"},"context":{"arguments":{"x":"y"}},""");
        var ofTemplate = await house.ResultAsync(door, "completion/complete",
            """ "ref":{"type":"ref/resource","uri":"test://north/{id}/data"},"argument":{"name":"id","value":"b"},""");
        var (code, _, _) = await house.ErrorAsync(door, "completion/complete",
            """ "ref":{"type":"ref/prompt","name":"south__greet"},"argument":{"name":"who","value":"a"},""");

        Assert.Equal("""["a","south"]""", ofPrompt.GetProperty("completion").GetProperty("values").GetRawText());
        Assert.Equal("south_only", ofPrompt.GetProperty("ref").GetProperty("name").GetString());
        Assert.Equal("""["b","north"]""", ofTemplate.GetProperty("completion").GetProperty("values").GetRawText());
        Assert.Equal(-32602, code);
    }

    [Fact]
    public async Task Discover_Always_DeclaresResourcesPromptsAndCompletions()
    {
        var declared = (await house.ResultAsync(Stateless, "server/discover")).GetProperty("capabilities");

        Assert.Equal("""{"subscribe":true,"listChanged":true}""", declared.GetProperty("resources").GetRawText());
        Assert.Equal("""{"listChanged":true}""", declared.GetProperty("prompts").GetRawText());
        Assert.Equal("{}", declared.GetProperty("completions").GetRawText());
    }

    private static string[] Names(JsonElement list, string member, string key) =>
        [.. list.GetProperty(member).EnumerateArray().Select(entry => entry.GetProperty(key).GetString()!)];
}
