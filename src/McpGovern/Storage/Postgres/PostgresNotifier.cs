using System.Threading.Channels;
using Npgsql;

namespace McpGovern.Storage;

/// <summary>Tells other processes that something was appended: after the commit, by a connection of its own, and not too often.</summary>
/// <remarks>Inside the append's transaction it would make commits queue up behind each other.</remarks>
internal sealed class PostgresNotifier : IAsyncDisposable
{
    public const string Channel = "mcpgovern_calls";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10), LastWords = TimeSpan.FromSeconds(2);
    private readonly Channel<bool> dirty = System.Threading.Channels.Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly NpgsqlDataSource source;
    private readonly Task loop;

    public PostgresNotifier(NpgsqlDataSource source)
    {
        this.source = source;
        loop = Task.Run(RunAsync);
    }

    public void Appended() => dirty.Writer.TryWrite(true);

    /// <summary>Says what is still unsaid: a command line ends right after its append.</summary>
    public async ValueTask DisposeAsync()
    {
        dirty.Writer.TryComplete();
        await loop.WaitAsync(LastWords).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync()
    {
        await foreach (var _ in dirty.Reader.ReadAllAsync())
        {
            try
            {
                // The second one is what a Marten daemon listens to.
                await using var command = source.CreateCommand($"select pg_notify('{Channel}', ''), pg_notify('mt_events_appended', '')");
                await command.ExecuteNonQueryAsync();
            }
            catch (Exception e) when (e is NpgsqlException or ObjectDisposedException)
            {
                // Everybody looks again within seconds anyway.
            }

            await Task.Delay(Pause);
        }
    }
}
