using McpGovern.Server;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Upstreams.Fakes;

namespace McpGovern.Tests.Server;

/// <summary>A machine that slept, or whose clock was put right, is no client that ended its session.</summary>
public sealed class SessionClockTests
{
    [Fact]
    public async Task Session_InUseWhileTheClockJumpsPastItsEnd_GoesOn()
    {
        using var folder = new TempFolder();
        var time = new MovableTime();
        var gateway = new HttpGateway { Options = new() { Time = time, Upstreams = [FakeUpstreamOptions.Config("fake")] } };
        await gateway.InitializeAsync();
        try
        {
            var records = new SessionRecords(gateway.Running.Gateway.Store, TimeSpan.FromHours(2), time);
            var session = await gateway.OpenSessionAsync();
            await Eventually.TrueAsync(async () => await records.FindAsync(session, default) is not null, () => "the session was never kept");
            var waiting = gateway.CallAsync(session, "until", $$"""{"file":"{{folder.File("now")}}"}""");
            await Eventually.TrueAsync(
                async () => (await gateway.Running.Gateway.AllAsync()).Any(call => call.Status == "dispatching"), () => "the call was never sent");

            time.Advance(TimeSpan.FromHours(3));
            Assert.Null(await records.FindAsync(session, default));

            await Eventually.TrueAsync(async () => await records.FindAsync(session, default) is not null, () => "the session was given up");
            folder.Write("now", "");
            Assert.Contains("at last", (await waiting).GetRawText(), StringComparison.Ordinal);
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }
}
