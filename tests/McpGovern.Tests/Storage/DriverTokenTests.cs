using McpGovern.Storage;

namespace McpGovern.Tests.Storage;

public sealed class DriverTokenTests
{
    /// <summary>As Npgsql throws where its connection breaks while it is cancelled.</summary>
    [Fact]
    public async Task Cancel_WhenTheDriverThrows_DoesNotReachWhoCancels()
    {
        using var cancel = new CancellationTokenSource();
        using var token = new DriverToken(cancel.Token);
        using var broken = token.Token.Register(() => throw new ObjectDisposedException("connection"));

        await cancel.CancelAsync();

        Assert.True(token.Token.IsCancellationRequested);
    }

    [Fact]
    public void Token_OfOneThatIsCancelled_IsCancelled()
    {
        using var token = new DriverToken(new CancellationToken(canceled: true));

        Assert.True(token.Token.IsCancellationRequested);
    }

    [Fact]
    public void Cancel_AfterItWasDisposed_DoesNothing()
    {
        using var cancel = new CancellationTokenSource();
        new DriverToken(cancel.Token).Dispose();

        cancel.Cancel();
    }
}
