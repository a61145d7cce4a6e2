using McpGovern.Policy;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <param name="Name">As policy has it: <c>server.tool</c>.</param>
/// <param name="ExpectedHash">Of the definition that was looked at; another is not pinned.</param>
internal sealed record PinRequest(Actor Actor, string? Name, string? ExpectedHash, string? Comment, string Via);

/// <summary>Lists the tools and their pins, and lets an operator pin what a tool says now.</summary>
/// <param name="fingerprints">Of the upstreams of these settings; where there are none, all in the store are meant.</param>
internal sealed partial class PinHandler(PinStore store, IReadOnlyCollection<string> fingerprints, TimeProvider time, ILogger<PinHandler> log)
{
    private const int MaxText = 2000;

    /// <returns><c>null</c> for actors who may not know.</returns>
    public async Task<ToolList?> ListAsync(Actor actor, CancellationToken ct)
    {
        if ((actor.Roles & (Roles.Operator | Roles.Auditor)) == 0)
        {
            return null;
        }

        var all = await OursAsync(ct);
        var twins = NameTwins.Find(all.Select(entry => (entry.Pin.Server, entry.Pin.Tool)));
        return new([.. all.Select(entry => View(entry.Pin, entry.Seen, twins)).OrderBy(tool => tool.Name, StringComparer.Ordinal)], await store.HistoryAsync(ct));
    }

    public async Task<PinAnswer> PinAsync(PinRequest request, CancellationToken ct)
    {
        if (!request.Actor.Roles.HasFlag(Roles.Operator))
        {
            return Of(AnswerCode.NotEligible, null, "only an operator may pin a tool");
        }

        if (string.IsNullOrEmpty(request.Name) || new[] { request.Name, request.Comment, request.ExpectedHash }.Any(text => text?.Length > MaxText || !StorableText.IsStorable(text)))
        {
            return Of(AnswerCode.BadRequest, null, $"say which tool, as server.tool; texts may have {MaxText} characters, U+0000 not among them");
        }

        try
        {
            var found = (await OursAsync(ct)).Where(entry => ToolName.Governed(entry.Pin.Server, entry.Pin.Tool) == request.Name).ToArray();
            return found switch
            {
                [] => Of(AnswerCode.NotFound, null, $"no tool {request.Name} has been seen"),
                [var (pin, seen)] => await PinAsync(request, pin, seen, ct),
                _ => Of(AnswerCode.Ambiguous, null, $"{found.Length} servers of that name have been seen; say which with --settings"),
            };
        }
        catch (Exception e) when (e is StoreUnavailableException or InvalidDataException)
        {
            return Of(AnswerCode.Unavailable, null, $"it is not known whether that was recorded: {e.Message}");
        }
    }

    private async Task<PinAnswer> PinAsync(PinRequest request, ToolPin pin, SeenTool? seen, CancellationToken ct)
    {
        var present = seen?.Hash ?? pin.Hash;
        if (request.ExpectedHash is { } expected && expected != present)
        {
            return Of(AnswerCode.StaleView, present, $"{request.Name} is not what you looked at: its definition is {present} now");
        }

        if (seen is null)
        {
            return Of(AnswerCode.AlreadyRecorded, present, $"{request.Name} is as it is pinned");
        }

        // Before it is acted on: the record may name a pin that failed, and never misses one.
        var (at, actor) = (time.GetUtcNow(), request.Actor);
        await store.RecordAsync(new("pinned", pin.Server, pin.Tool, seen.Hash, pin.Hash, seen.Kinds, at)
        {
            By = actor.Id,
            Credential = actor.Credential,
            Via = request.Via,
            Comment = request.Comment,
        }, ct);
        // Recorded, it is done to its end: half of it would show a pinned tool as changed.
        await store.WriteAsync(pin with { Hash = seen.Hash, Definition = seen.Definition, By = actor.Id, At = at }, CancellationToken.None);
        await store.RemoveSeenAsync(pin.Fingerprint, pin.Tool, CancellationToken.None);
        LogPinned(actor.Id, pin.Tool, pin.Server, string.Join(", ", seen.Kinds));
        return Of(AnswerCode.Recorded, seen.Hash, $"{request.Name} is pinned as it is now ({string.Join(", ", seen.Kinds)})");
    }

    private async Task<IReadOnlyList<(ToolPin Pin, SeenTool? Seen)>> OursAsync(CancellationToken ct) =>
        [.. (await store.AllAsync(null, ct)).Where(entry => fingerprints.Count == 0 || fingerprints.Contains(entry.Pin.Fingerprint))];

    private static ToolView View(ToolPin pin, SeenTool? seen, IReadOnlyList<IReadOnlyList<(string Server, string Tool)>> twins) => new(
        ToolName.Governed(pin.Server, pin.Tool), pin.Server, pin.Tool,
        seen is null ? "pinned" : ToolChange.IsCosmetic(seen.Kinds) ? ToolChange.Cosmetic : "changed",
        seen?.Kinds ?? [], seen?.Hash ?? pin.Hash, pin.Hash, pin.By, pin.At, seen?.Definition ?? pin.Definition, pin.Definition,
        [.. twins.Where(group => group.Contains((pin.Server, pin.Tool))).SelectMany(group => group).Where(twin => twin.Server != pin.Server)
            .Select(twin => ToolName.Governed(twin.Server, twin.Tool))]);

    private static PinAnswer Of(AnswerCode code, string? hash, string message) => new(code.Word, code.Http == 200, hash, message);

    [LoggerMessage(3010, LogLevel.Warning, "{Actor} pinned tool '{Tool}' of upstream '{Server}' as it is now ({Kinds})")]
    private partial void LogPinned(string actor, string tool, string server, string kinds);
}
