using System.Text.Json;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>Pins, what was seen beside them, and their record, as all processes of a store share them.</summary>
internal sealed class PinStore(ISharedState state, TimeProvider time)
{
    private const string Pin = "pin:", Seen = "pin_seen:", Observed = "pin_observed:", History = "pin_log:";
    private const int MaxHistory = 200;

    /// <summary>A server whose tool is another at every look fills no store: its log names so many of the changes of a day.</summary>
    public const int MaxObserved = 20;

    /// <exception cref="InvalidDataException">There is one, and it cannot be read.</exception>
    public async Task<ToolPin?> FindAsync(string fingerprint, string tool, CancellationToken ct) =>
        Read<ToolPin>(await state.ReadAsync(Key(Pin, fingerprint, tool), time.GetUtcNow(), ct));

    /// <returns>The pin that stands: the first of all processes wins.</returns>
    public async Task<ToolPin> AddAsync(ToolPin pin, CancellationToken ct) =>
        Read<ToolPin>(await state.AddAsync(Key(Pin, pin.Fingerprint, pin.Tool), Bytes(pin), until: null, time.GetUtcNow(), ct))!;

    public Task WriteAsync(ToolPin pin, CancellationToken ct) => state.WriteAsync(Key(Pin, pin.Fingerprint, pin.Tool), Bytes(pin), until: null, ct);

    public async Task<SeenTool?> FindSeenAsync(string fingerprint, string tool, CancellationToken ct) =>
        Read<SeenTool>(await state.ReadAsync(Key(Seen, fingerprint, tool), time.GetUtcNow(), ct));

    public Task WriteSeenAsync(string fingerprint, string tool, SeenTool seen, CancellationToken ct) =>
        state.WriteAsync(Key(Seen, fingerprint, tool), Bytes(seen), until: null, ct);

    public Task RemoveSeenAsync(string fingerprint, string tool, CancellationToken ct) => state.RemoveAsync(Key(Seen, fingerprint, tool), ct);

    public Task RecordAsync(PinEntry entry, CancellationToken ct) =>
        state.WriteAsync($"{History}{Guid.CreateVersion7(entry.At):n}", Bytes(entry), until: null, ct);

    /// <summary>Records what the upstream did, as often as it may in a day; two processes at once may count one too few.</summary>
    public async Task RecordObservedAsync(string fingerprint, PinEntry entry, CancellationToken ct)
    {
        var key = Key(Observed, fingerprint, entry.Tool);
        var before = Read<ObservedChanges>(await state.ReadAsync(key, time.GetUtcNow(), ct));
        var changes = new ObservedChanges((before?.Count ?? 0) + 1, before?.Until ?? entry.At.AddDays(1));
        if (changes.Count <= MaxObserved)
        {
            await RecordAsync(entry, ct);
            // Whoever asked may go away, and what is recorded counts.
            await state.WriteAsync(key, Bytes(changes), changes.Until, CancellationToken.None);
        }
    }

    /// <param name="fingerprint">Of one upstream; <c>null</c> for those of all.</param>
    public async Task<IReadOnlyList<(ToolPin Pin, SeenTool? Seen)>> AllAsync(string? fingerprint, CancellationToken ct)
    {
        var of = fingerprint is null ? "" : $"{fingerprint}:";
        var seen = (await state.ReadAllAsync(Seen + of, time.GetUtcNow(), ct)).ToDictionary(e => e.Key[Seen.Length..], e => Read<SeenTool>(e.Value));
        return [.. (await state.ReadAllAsync(Pin + of, time.GetUtcNow(), ct)).Select(e => (Read<ToolPin>(e.Value)!, seen.GetValueOrDefault(e.Key[Pin.Length..])))];
    }

    public async Task<IReadOnlyList<PinEntry>> HistoryAsync(CancellationToken ct) =>
        [.. (await state.ReadAllAsync(History, time.GetUtcNow(), ct)).Reverse().Take(MaxHistory).Select(e => Read<PinEntry>(e.Value)!)];

    private static string Key(string kind, string fingerprint, string tool) => $"{kind}{fingerprint}:{tool}";

    private static byte[] Bytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value);

    private static T? Read<T>(byte[]? bytes) where T : class
    {
        try
        {
            return bytes is null ? null : JsonSerializer.Deserialize<T>(bytes) ?? throw new InvalidDataException("a pin is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("a pin cannot be read", e);
        }
    }
}
