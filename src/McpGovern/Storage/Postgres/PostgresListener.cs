using Npgsql;

namespace McpGovern.Storage;

/// <summary>Hears of other processes' appends, on a connection of its own, from the first wait on.</summary>
internal sealed class PostgresListener(NpgsqlDataSource source, ChangeSignal signal, Action<string> reportDeaf) : IAsyncDisposable
{
    // A notification can be lost with its connection; the tables are the truth.
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(2), Deaf = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource closing = new();
    private readonly Lock gate = new();
    private Task? loop;

    public Task WaitAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct)
    {
        lock (gate)
        {
            loop ??= Task.Run(RunAsync, CancellationToken.None);
        }

        return signal.WaitAsync(cursor, atMost, ct);
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await (loop ?? Task.CompletedTask);
        closing.Dispose();
    }

    private async Task RunAsync()
    {
        using var closed = new DriverToken(closing.Token);
        var heard = true;
        while (!closing.IsCancellationRequested)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(closed.Token);
                await using (var command = new NpgsqlCommand($"listen {PostgresNotifier.Channel}", connection))
                {
                    await command.ExecuteNonQueryAsync(closed.Token);
                }

                heard = true;
                while (true)
                {
                    signal.Pulse();
                    await connection.WaitAsync(LookAnyway, closed.Token);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                if (heard)
                {
                    reportDeaf(e.Message);
                }

                heard = false;
                signal.Pulse();
                await Task.Delay(Deaf, closed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
