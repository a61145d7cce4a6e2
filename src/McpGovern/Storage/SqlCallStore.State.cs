using McpGovern.Calls;

namespace McpGovern.Storage;

internal abstract partial class SqlCallStore
{
    private readonly string state = $"{sql.Schema}state";

    public Task<byte[]?> ReadAsync(string key, DateTimeOffset now, CancellationToken ct) => FirstAsync(
        new($"select value from {state} where key = @key and (until is null or until > @now)", ("key", key), ("now", sql.Instant(now))),
        reader => reader.GetFieldValue<byte[]>(0), ct);

    // The bounds are for the index: this is asked for again and again. In both databases texts compare by their bytes, and no character is higher.
    public async Task<IReadOnlyList<KeyValuePair<string, byte[]>>> ReadAllAsync(string prefix, DateTimeOffset now, CancellationToken ct) => await ListAsync(
        new($"select key, value from {state} where key >= @prefix and key <= @last and substr(key, 1, @length) = @prefix and (until is null or until > @now) order by key",
            ("prefix", prefix), ("last", prefix + "\U0010FFFF"), ("length", prefix.Length), ("now", sql.Instant(now))),
        reader => KeyValuePair.Create(reader.GetString(0), reader.GetFieldValue<byte[]>(1)), ct);

    public Task WriteAsync(string key, byte[] value, DateTimeOffset? until, CancellationToken ct) => ExecuteAsync(new(
        $"insert into {state} (key, value, until) values (@key, @value, @until) on conflict (key) do update set value = excluded.value, until = excluded.until",
        Entry(key, value, until)), ct);

    public async Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        // From here on not to be called back: what was added must have an owner who knows of it.
        while (true)
        {
            await ExecuteAsync(new(
                $"insert into {state} (key, value, until) values (@key, @value, @until) " +
                $"on conflict (key) do update set value = excluded.value, until = excluded.until where {state}.until <= @now",
                [.. Entry(key, value, until), ("now", sql.Instant(now))]), CancellationToken.None);
            // What stands is read, not concluded from the count: the statement may have been repeated after a lost answer.
            if (await ReadAsync(key, now, CancellationToken.None) is { } standing)
            {
                return standing;
            }
        }
    }

    public Task RemoveAsync(string key, CancellationToken ct) => ExecuteAsync(new($"delete from {state} where key = @key", ("key", key)), ct);

    public Task<int> DropStateAsync(DateTimeOffset now, CancellationToken ct) =>
        ExecuteAsync(new($"delete from {state} where until <= @now", ("now", sql.Instant(now))), ct);

    private (string, object?)[] Entry(string key, byte[] value, DateTimeOffset? until)
    {
        StorableText.Check(key, nameof(key));
        return [("key", key), ("value", value), ("until", sql.Instant(until))];
    }
}
