using System.Globalization;
using Microsoft.Data.Sqlite;

namespace McpGovern.Storage;

/// <summary>Watches the file for commits of other processes while somebody waits: one poll for all waiters.</summary>
internal sealed class SqliteChanges(SqliteFile file, ChangeSignal signal) : IAsyncDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10), Longest = TimeSpan.FromMilliseconds(250);
    private readonly Lock gate = new();
    private readonly CancellationTokenSource closing = new();
    private Task polling = Task.CompletedTask;
    private int waiters;
    private TimeSpan pause = Shortest;
    private SqliteConnection? connection;
    private long? last;

    public async Task WaitAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct)
    {
        lock (gate)
        {
            pause = Shortest;
            if (waiters++ == 0 && polling.IsCompleted && !closing.IsCancellationRequested)
            {
                polling = Task.Run(PollAsync, CancellationToken.None);
            }
        }

        try
        {
            await signal.WaitAsync(cursor, atMost, ct);
        }
        finally
        {
            lock (gate)
            {
                waiters--;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await polling;
        connection?.Dispose();
        closing.Dispose();
    }

    private async Task PollAsync()
    {
        while (IsAwaited())
        {
            if (HasChanged())
            {
                signal.Pulse();
            }

            await Task.Delay(NextPause(), closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsAwaited()
    {
        lock (gate)
        {
            return waiters > 0 && !closing.IsCancellationRequested;
        }
    }

    private TimeSpan NextPause()
    {
        lock (gate)
        {
            var now = pause;
            pause = pause * 2 < Longest ? pause * 2 : Longest;
            return now;
        }
    }

    // The number means something only to the connection that reads it, which therefore stays open between waits;
    // after opening one, anything may have changed.
    private bool HasChanged()
    {
        try
        {
            connection ??= file.OpenReader();
            using var command = connection.CreateCommand();
            command.CommandText = "pragma data_version";
            var now = Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
            var changed = now != last;
            last = now;
            return changed;
        }
        catch (Exception e) when (e is SqliteException or StoreUnavailableException)
        {
            // Whoever waits finds out by itself when it next reads.
            connection?.Dispose();
            connection = null;
            last = null;
            return false;
        }
    }
}
