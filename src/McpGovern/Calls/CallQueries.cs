using System.Text;
using System.Text.Json.Serialization;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>What may be looked at, by whom: the same lists and views for every door.</summary>
internal sealed class CallQueries(CallStreams streams, ICallStore store, ApprovalCheck check, TaskRounds rounds, Delivery delivery, Func<string, string?> urlOf)
{
    private const int MaxSuccessors = 32, LargestPage = 200, MostLooks = 10;

    /// <summary>
    /// One page of the calls that the actor may see, newest first; with a cursor where there may be more. It can be empty and have one: what a
    /// request looks through is bounded, however many calls of others there are.
    /// </summary>
    /// <param name="which">Leaves out others than these.</param>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async Task<CallList> ListAsync(Actor actor, CallFilter filter, CancellationToken ct, Func<LoadedCall, bool>? which = null)
    {
        var limit = Math.Clamp(filter.Limit, 1, LargestPage);
        var query = new CallQuery(filter.Statuses, limit)
        {
            Cursor = filter.Cursor,
            Server = filter.Server,
            Tool = filter.Tool,
            RequestedBy = filter.RequestedBy,
        };
        for (var looks = 1; ; looks++)
        {
            var page = await store.ListAsync(query, ct);
            var visible = page.Calls
                .Select(LoadedCall.TryRead)
                .OfType<LoadedCall>()
                .Where(call => CallAccess.MaySee(actor, call.Known) && which?.Invoke(call) != false)
                .ToArray();
            if (visible.Length > 0)
            {
                var shown = visible.Take(limit).Select(ViewOf).ToArray();
                // Never where a call of others stands.
                return new(shown, page.NextCursor is null && visible.Length <= limit ? null : new PageCursor(shown[^1].RequestedAt, shown[^1].CallId).Write());
            }

            if (page.NextCursor is null || looks == MostLooks)
            {
                return new([], page.NextCursor);
            }

            query = query with { Cursor = page.NextCursor, Limit = LargestPage };
        }
    }

    private CallView ViewOf(LoadedCall call) => call.View with { Url = urlOf(call.Id) };

    /// <summary>The call with its result, or <c>null</c> where there is none that the actor may see.</summary>
    /// <param name="target">An id in any spelling; a malformed one is told apart by <see cref="CallId.TryParse"/> before.</param>
    public async Task<CallView?> FindAsync(Actor actor, string target, CancellationToken ct)
    {
        if (await LoadAsync(actor, target, ct) is not { } call)
        {
            return null;
        }

        var result = await store.LoadResultAsync(call.Id, ct);
        return ViewOf(call) with { Result = result is null ? null : Encoding.UTF8.GetString(result.Json.Span) };
    }

    /// <summary>The events of a call that the actor may see.</summary>
    public async Task<LoadedCall?> LoadAsync(Actor actor, string target, CancellationToken ct) =>
        CallId.TryParse(target, out var callId) && await streams.LoadAsync(callId, ct) is { } call && CallAccess.MaySee(actor, call.Known) ? call : null;

    /// <summary>The answer for an agent that asks for a call's result: the upstream's own when there is one, else where the call stands.</summary>
    /// <param name="door"><c>jamjet_result</c>, <c>rest</c> or <c>cli</c>; recorded with the first delivery.</param>
    public async Task<CallAnswer?> ResultAsync(Actor actor, string target, string door, CancellationToken ct)
    {
        if (await LoadAsync(actor, target, ct) is not { } call)
        {
            return null;
        }

        // A verb's process is gone before a further round could end in it.
        return await delivery.AnswerAsync((await FollowAsync(call, goOn: door == "jamjet_result", ct)).Call, door);
    }

    /// <summary>The actor's own call as a task, if it is one, which its id names in the one spelling that was handed out; to everybody else there is none.</summary>
    public async Task<CallTask?> TaskAsync(Actor actor, string? id, CancellationToken ct) =>
        CallId.TryParse(id, out var callId) && callId == id
        && await streams.LoadAsync(callId, ct) is { IsTask: true, Known: { Call.Method: null } known } call && known.Call.RequestedBy == actor.Id
        ? await FollowAsync(call, goOn: true, ct) is var (current, mayAsk) ? new(call, current) { MayAsk = mayAsk } : null
        : null;

    /// <summary>What the task's upstream asks and is not answered yet; <c>null</c> where it waits for nothing.</summary>
    public async Task<InputQuestions?> QuestionsAsync(CallTask task, CancellationToken ct) => task.MayAsk ? await rounds.QuestionsAsync(task.Current, ct) : null;

    /// <summary>What ended the task: <c>null</c> while it goes on.</summary>
    public async Task<CallAnswer?> OutcomeAsync(CallTask task) => task.IsOpen ? null : await delivery.AnswerAsync(task.Current, "task");

    // An invalidated call goes on as its successor, and one whose upstream was answered as its next round: whoever has the old id asks about that.
    private async Task<(LoadedCall Call, bool MayAsk)> FollowAsync(LoadedCall call, bool goOn, CancellationToken ct)
    {
        for (var i = 0; i < MaxSuccessors; i++)
        {
            await check.EnsureSuccessorAsync(call, ct);
            call = goOn ? await rounds.EnsureNextAsync(call, ct) : call;
            var next = call.State switch
            {
                CallState.Invalidated { Why.SupersededBy: { } successor } => successor,
                CallState.Ended { ContinuedBy: { } round } => round,
                _ => null,
            };
            if (next is null || await streams.LoadAsync(next, ct) is not { } successive)
            {
                return (call, MayAsk: true);
            }

            call = successive;
        }

        return (call, MayAsk: false);
    }
}

/// <summary>A call under the handle that its caller has.</summary>
/// <param name="Current">The call, or the successor or further round as which it goes on.</param>
internal sealed record CallTask(LoadedCall Asked, LoadedCall Current)
{
    public bool IsOpen => Current.State is CallState.Pending or CallState.Approved or CallState.Dispatching or CallState.Ended { ContinuedBy: not null };

    /// <summary>It was not asked and superseded more often than anybody is followed.</summary>
    public bool MayAsk { get; init; } = true;
}

/// <param name="Statuses">Empty for all.</param>
internal sealed record CallFilter(IReadOnlyCollection<string> Statuses, int Limit = 50)
{
    public string? Cursor { get; init; }
    public string? Server { get; init; }
    public string? Tool { get; init; }
    public string? RequestedBy { get; init; }
}

internal sealed record CallList(
    [property: JsonPropertyName("calls")] IReadOnlyList<CallView> Calls,
    [property: JsonPropertyName("next_cursor")] string? NextCursor);
