namespace McpGovern.Storage;

/// <summary>
/// A token to hand to Npgsql, cancelled with another. Npgsql's own part of a cancellation throws where the connection breaks at that moment;
/// that must not reach whoever cancels, who may be about to end the process in good order.
/// </summary>
internal sealed class DriverToken : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly CancellationTokenRegistration registration;

    public DriverToken(CancellationToken of) => registration = of.UnsafeRegister(static state => Cancel((CancellationTokenSource)state!), source);

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        registration.Dispose();
        source.Dispose();
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (AggregateException)
        {
            // It is cancelled all the same.
        }
    }
}
