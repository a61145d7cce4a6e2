using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>Load, decide, append at the expected version: the only way in which anything about a call is written.</summary>
internal sealed class CallStreams(ICallStore store, TimeProvider time)
{
    private const int MaxRaces = 20;

    public string NewCallId() => CallId.From(Guid.CreateVersion7(time.GetUtcNow()));

    /// <exception cref="InvalidDataException">The history cannot be read: nothing may be done with such a call.</exception>
    public async Task<LoadedCall?> LoadAsync(string callId, CancellationToken ct) =>
        await store.LoadAsync(callId, ct) is { } stored ? new(callId, stored.Events, Call.Replay(stored.Events)) : null;

    /// <summary>Starts a stream.</summary>
    public async Task<Executed> CreateAsync(string callId, CallCommand command, CancellationToken ct)
    {
        var nothing = new LoadedCall(callId, [], new CallState.None());
        var outcome = Call.Decide(command, nothing.State);
        var (result, after) = await AppendAsync(nothing, outcome.Events, null, ct);
        return result switch
        {
            AppendResult.Appended => new(after, outcome.Events, null),
            AppendResult.OpenCallExists open => new(nothing, [], null) { OpenCall = open.CallId },
            AppendResult.EffectTaken taken => new(nothing, [], null) { EffectHolder = taken.CallId },
            _ when await LoadAsync(callId, ct) is { } there => new(there, [], Refusal.AlreadySubmitted),
            _ => new(nothing, [], null, Busy: true),
        };
    }

    /// <summary>Decides afresh after every lost race, until the command is recorded or refused.</summary>
    /// <param name="stored">The upstream's answer, to be kept in the same transaction.</param>
    /// <param name="successor">The call as which this one goes on: parked in the same transaction.</param>
    /// <returns><c>null</c> where there is no such call.</returns>
    public async Task<Executed?> ExecuteAsync(
        string callId, CallCommand command, CancellationToken ct, StoredResult? stored = null, (string CallId, CallCommand.Park Command)? successor = null)
    {
        for (var race = 0; ; race++)
        {
            if (await LoadAsync(callId, ct) is not { } call)
            {
                return null;
            }

            var outcome = Call.Decide(command, call.State);
            if (outcome.Refusal is not null || outcome.Events.Count == 0)
            {
                return new(call, [], outcome.Refusal);
            }

            var (result, after) = await AppendAsync(call, outcome.Events, stored, ct, successor);
            if (result is AppendResult.Appended)
            {
                return new(after, outcome.Events, null);
            }

            if (result is AppendResult.EffectTaken taken)
            {
                return new(call, [], null) { EffectHolder = taken.CallId };
            }

            if (race == MaxRaces)
            {
                return new(call, [], null, Busy: true);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 5 + (5 * race))), time, ct);
        }
    }

    private async Task<(AppendResult, LoadedCall)> AppendAsync(
        LoadedCall call, IReadOnlyList<CallEvent> events, StoredResult? stored, CancellationToken ct,
        (string CallId, CallCommand.Park Command)? successor = null)
    {
        var (append, after) = Build(call, events, stored);
        if (successor is { } next)
        {
            var nothing = new CallState.None();
            append = append with { Then = Build(new(next.CallId, [], nothing), Call.Decide(next.Command, nothing).Events, null).Append };
        }

        return (await store.AppendAsync(append, ct), after);
    }

    private (Append Append, LoadedCall After) Build(LoadedCall call, IReadOnlyList<CallEvent> events, StoredResult? stored)
    {
        var state = events.Aggregate(call.State, Call.Evolve);
        var after = new LoadedCall(call.Id, [.. call.Events, .. events], state);
        return (new(call.Id, call.Version, [.. events.Select(e => new NewEvent(Guid.CreateVersion7(time.GetUtcNow()), e))],
            CallRow.From(call.Id, after.Version, state), stored), after);
    }
}
