using System.Text.Json;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <param name="Kind"><c>all</c>, <c>server</c> or <c>actor</c>.</param>
internal sealed record FreezeRequest(Actor Actor, string? Kind, string? Name, string? Comment, string Via);

/// <summary>The kill switch: an operator stops all dispatch, that of one server, or that of one requester, for every process of the store.</summary>
internal sealed partial class FreezeHandler(
    ISharedState state, Freezes freezes, IReadOnlyCollection<string> servers, TimeProvider time, ILogger<FreezeHandler> log)
{
    private const string History = "freeze_log:";
    private const int MaxText = 2000, MaxHistory = 200;

    public Task<FreezeAnswer> FreezeAsync(FreezeRequest request, CancellationToken ct) => ChangeAsync(request, async (key, there) =>
    {
        if (string.IsNullOrWhiteSpace(request.Comment))
        {
            return Of(AnswerCode.BadRequest, there, "say why with a comment: everybody who is refused is told it");
        }

        if (there is not null)
        {
            return Of(AnswerCode.AlreadyRecorded, there, $"{there.Target} is {there.Why} already");
        }

        var freeze = new Freeze(request.Kind!, request.Name, request.Actor.Id, time.GetUtcNow(), request.Comment);
        await RecordAsync("freeze", request, ct);
        // Whoever goes away now has asked for it, and the record says that it is so.
        await state.WriteAsync(key, JsonSerializer.SerializeToUtf8Bytes(freeze), until: null, CancellationToken.None);
        LogChanged(request.Actor.Id, "froze", freeze.Target);
        var unknown = request.Kind == "server" && servers.Count > 0 && !servers.Contains(request.Name, StringComparer.OrdinalIgnoreCase)
            ? $"; no server of that name is known here, which are {string.Join(", ", servers)}" : "";
        return Of(AnswerCode.Recorded, freeze, $"{freeze.Target} is frozen{unknown}");
    }, ct);

    public Task<FreezeAnswer> UnfreezeAsync(FreezeRequest request, CancellationToken ct) => ChangeAsync(request, async (key, there) =>
    {
        if (there is null)
        {
            return Of(AnswerCode.NotFound, null, "that is not frozen");
        }

        await RecordAsync("unfreeze", request, ct);
        await state.RemoveAsync(key, CancellationToken.None);
        foreach (var entry in (await freezes.CurrentAsync(CancellationToken.None)).Where(freeze => request.Kind == "all" && freeze.Unreadable is not null))
        {
            await state.RemoveAsync(entry.Unreadable!, CancellationToken.None);
        }

        LogChanged(request.Actor.Id, "unfroze", there.Target);
        return Of(AnswerCode.Recorded, there, $"{there.Target} is no longer frozen");
    }, ct);

    /// <returns><c>null</c> for actors who may not know.</returns>
    public async Task<FreezeList?> ListAsync(Actor actor, CancellationToken ct)
    {
        if ((actor.Roles & (Roles.Operator | Roles.Auditor)) == 0)
        {
            return null;
        }

        freezes.Changed();
        var entries = await state.ReadAllAsync(History, time.GetUtcNow(), ct);
        var newest = entries.Reverse().Take(MaxHistory).Select(entry => JsonSerializer.Deserialize<FreezeEntry>(entry.Value)!);
        return new(await freezes.CurrentAsync(ct), [.. newest]);
    }

    private async Task<FreezeAnswer> ChangeAsync(FreezeRequest request, Func<string, Freeze?, Task<FreezeAnswer>> change, CancellationToken ct)
    {
        if (!request.Actor.Roles.HasFlag(Roles.Operator))
        {
            return Of(AnswerCode.NotEligible, null, "only an operator may freeze or unfreeze");
        }

        if (WhyMalformed(request) is { } malformed)
        {
            return Of(AnswerCode.BadRequest, null, malformed);
        }

        try
        {
            freezes.Changed();
            var there = (await freezes.CurrentAsync(ct)).FirstOrDefault(freeze =>
                freeze.Kind == request.Kind && string.Equals(freeze.Name, request.Name, StringComparison.OrdinalIgnoreCase));
            return await change(Freezes.Prefix + (request.Name is null ? request.Kind : $"{request.Kind}:{there?.Name ?? request.Name}"), there);
        }
        catch (StoreUnavailableException e)
        {
            return Of(AnswerCode.Unavailable, null, $"it is not known whether that was recorded: {e.Message}");
        }
        finally
        {
            freezes.Changed();
        }
    }

    // Before it is acted on: the record may name a freeze that failed, and never misses one.
    private Task RecordAsync(string action, FreezeRequest request, CancellationToken ct)
    {
        var at = time.GetUtcNow();
        var entry = new FreezeEntry(action, request.Kind!, request.Name, request.Actor.Id, request.Actor.Credential, request.Via, at, request.Comment);
        return state.WriteAsync($"{History}{Guid.CreateVersion7(at):n}", JsonSerializer.SerializeToUtf8Bytes(entry), until: null, ct);
    }

    private static string? WhyMalformed(FreezeRequest request) => request switch
    {
        { Kind: not ("all" or "server" or "actor") } => "say what: all, server with its name, or actor with its id",
        { Kind: "all", Name: not null } => "all has no name",
        { Kind: not "all", Name: null or "" } => $"say which {request.Kind}",
        _ when new[] { request.Name, request.Comment }.Any(text => text?.Length > MaxText || !StorableText.IsStorable(text)) =>
            $"name and comment may have {MaxText} characters, U+0000 not among them",
        _ => null,
    };

    private static FreezeAnswer Of(AnswerCode code, Freeze? freeze, string message) => new(code.Word, code.Http == 200, freeze, message);

    [LoggerMessage(3002, LogLevel.Warning, "{Actor} {Did} {Target}")]
    private partial void LogChanged(string actor, string did, string target);
}
