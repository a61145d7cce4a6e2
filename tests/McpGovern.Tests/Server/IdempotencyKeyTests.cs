using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Server;

/// <summary>The client's own key in <c>_meta</c>, with which it says whether an equal call is the same one.</summary>
public sealed class IdempotencyKeyTests : IAsyncLifetime
{
    private const string Key = "mcpgovern/idempotency-key";
    private readonly HttpGateway house = new();

    public Task InitializeAsync() => house.InitializeAsync();

    public Task DisposeAsync() => house.DisposeAsync();

    [Theory]
    [InlineData("\"a\"", "\"a\"", 1)]
    [InlineData("\"a\"", "\"\\u0061\"", 1)]
    [InlineData("\"a\"", "\"b\"", 2)]
    [InlineData("\"a\"", "\"A\"", 2)]
    public async Task EqualCalls_AreOneWhereTheirKeysAre(string first, string second, int cards)
    {
        foreach (var key in (string[])[first, second])
        {
            await ModernClient.ResultAsync(house, "tools/call", "\"name\":\"pay\",\"arguments\":{\"n\":1},", "pay", MetaWith(key));
        }

        Assert.Equal(cards, (await house.Running.Gateway.AllAsync()).Count);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[\"a\"]")]
    [InlineData("\"\\ud800\"")]
    public async Task Key_ThatIsNoString_IsRefusedByName(string key)
    {
        foreach (var (method, member, name) in ((string, string, string)[])[("tools/call", "name", "pay"), ("prompts/get", "name", "p"), ("resources/read", "uri", "test://x")])
        {
            var (status, answer) = await ModernClient.AskAsync(house, ModernClient.Post(house, ModernClient.Body(method, $"\"{member}\":\"{name}\",", MetaWith(key)), name));

            Assert.Equal((400, -32602), (status, answer.GetProperty("error").GetProperty("code").GetInt32()));
            Assert.StartsWith($"params._meta[\"{Key}\"] must be a string", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        Assert.Empty(await house.Running.Gateway.AllAsync());
    }

    private static string MetaWith(string key) => ModernClient.Meta(more: $",\"{Key}\":{key}");
}
