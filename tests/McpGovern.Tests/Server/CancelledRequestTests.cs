using System.Net;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>A request that is cancelled is not answered, and its response ends all the same, whatever was asked for.</summary>
public sealed class CancelledRequestTests
{
    [Theory]
    [InlineData("\"method\":\"tools/list\"")]
    [InlineData("\"method\":\"resources/list\"")]
    [InlineData("\"method\":\"completion/complete\",\"params\":{\"ref\":{\"type\":\"ref/resource\",\"uri\":\"x:y\"},\"argument\":{\"name\":\"a\",\"value\":\"\"}}")]
    public async Task Request_ThatIsCancelledWhileItWaitsForItsServer_HoldsNoPlace(string asked)
    {
        using var folder = new TempFolder();
        await using var gateway = await HttpGateway.StartAsync(
            options => options with { Limits = new(10, 1, 10) }, FakeUpstreamOptions.Config("slow", "--start-delay", "600000", "--log", folder.File("log")));
        var session = await gateway.OpenSessionAsync();
        using var response = await gateway.BeginAsync(gateway.McpPost($$"""{"jsonrpc":"2.0","id":77,{{asked}}}""", session));
        await Eventually.TrueAsync(() => File.Exists(folder.File("log")), "the start of the server");

        using var cancelling = await gateway.BeginAsync(gateway.McpPost("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}""", session));

        Assert.Equal(HttpStatusCode.Accepted, cancelling.StatusCode);
        var body = response.Content.ReadAsStringAsync();
        await Eventually.TrueAsync(() => body.IsCompleted, "the end of its response");
        Assert.DoesNotContain("\"id\":77", await body, StringComparison.Ordinal);
        await gateway.AskAsync(session, """{"jsonrpc":"2.0","id":78,"method":"ping"}""");
    }
}
