using System.Net;
using System.Net.Sockets;
using McpGovern.Cli;

namespace McpGovern.Tests.Cli;

/// <summary>What a verb says of a server that hears it and does not answer.</summary>
public sealed class RemoteDoorTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_ThatDoesNotAnswer_IsSaidNotTo(bool looks)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var door = new RemoteDoor(new Uri($"http://{silent.LocalEndpoint}"), key: null) { Patience = TimeSpan.FromMilliseconds(100) };
        Task Ask() => looks ? door.FindAsync("call_x", default) : door.DecideAsync("call_x", "approved", null, null, null, default);

        var told = await Assert.ThrowsAsync<DoorException>(Ask);

        Assert.Contains("did not answer within 0.1 s", told.Message, StringComparison.Ordinal);
        Assert.Equal(!looks, told.Message.Contains("not known", StringComparison.Ordinal));
        Assert.Equal(1, told.ExitCode);
    }

    [Fact]
    public async Task Verb_ThatIsInterrupted_IsNotTakenForASilentServer()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var door = new RemoteDoor(new Uri($"http://{silent.LocalEndpoint}"), key: null);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => door.FindAsync("call_x", new CancellationToken(canceled: true)));
    }
}
