using System.Text.Json;
using System.Text.Json.Serialization;

namespace PaymentsServer;

/// <summary>One line for every payment that was really made.</summary>
internal sealed record LedgerLine(
    [property: JsonPropertyName("time")] DateTimeOffset Time,
    [property: JsonPropertyName("payment_id")] string PaymentId,
    [property: JsonPropertyName("amount")] decimal Amount,
    [property: JsonPropertyName("currency")] string Currency,
    [property: JsonPropertyName("idempotency_key")] string? IdempotencyKey);

/// <summary>The file that stands for the world: what is in it has happened.</summary>
internal sealed class Ledger(string file)
{
    private readonly string path = Path.GetFullPath(file);

    /// <summary>Returns when the line is on the disk. It never refuses a repeat: that calls run once is what is to be shown.</summary>
    public async Task AppendAsync(LedgerLine line)
    {
        // Two servers may share the file, and .NET's append seeks once instead of asking the system for O_APPEND: one writer at a time.
        await using var turn = await TakeTurnAsync();
        await using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n']);
        stream.Flush(flushToDisk: true);
    }

    private async Task<FileStream> TakeTurnAsync()
    {
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (File.Exists(path + ".lock"))
            {
                await Task.Delay(5);
            }
        }
    }
}
