using System.Diagnostics;
using Npgsql;

namespace McpGovern.Storage;

/// <summary>Talks to the server until an answer is had. What is said must be harmless to say twice.</summary>
/// <remarks>
/// An exception after the words were sent does not say what became of them. Looking would not help, since they may still be on their way;
/// saying the same again does, because it waits for the row that the first words hold.
/// </remarks>
internal sealed class PostgresTalk(NpgsqlDataSource source, string store, Action<string> reportAgain)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromMilliseconds(500);

    /// <param name="patience">How long the same is said again after it was sent once. A server that was not reached at all fails at once.</param>
    public async Task<T> SayAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> say, TimeSpan patience, CancellationToken ct)
    {
        using var cancel = new DriverToken(ct);
        var started = Stopwatch.GetTimestamp();
        var (sent, inDoubt) = (false, false);
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancel.Token);
                sent = true;
                return await say(connection, cancel.Token);
            }
            // The server is there, and every place in it is taken: one is free again soon, and nothing was said yet.
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.TooManyConnections && Stopwatch.GetElapsedTime(started) < patience)
            {
                reportAgain(e.Message);
            }
            catch (Exception e) when (sent && IsUnanswered(e) && Stopwatch.GetElapsedTime(started) < patience)
            {
                inDoubt |= MayHaveHappened(e);
                reportAgain(e.Message);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException)
            {
                inDoubt |= sent && IsUnanswered(e) && MayHaveHappened(e);
                throw new StoreUnavailableException($"{store}: {StoreFault.Text(e)}", e) { InDoubt = inDoubt };
            }

            await Task.Delay(pause, ct);
        }
    }

    private static bool MayHaveHappened(Exception e) => e is not PostgresException { SqlState: "40P01" or "40001" };

    // A deadlock's victim and a failed serialization are told to try again; everything else that the server itself says is an answer.
    private static bool IsUnanswered(Exception e) => e switch
    {
        PostgresException { SqlState: var state } => state is "40P01" or "40001" or "57P01" or "57P02" or "57P03" || state.StartsWith("08", StringComparison.Ordinal),
        _ => e is NpgsqlException or TimeoutException,
    };
}
