using McpGovern.Calls;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;

namespace McpGovern.Tests.Model;

/// <summary>Planted one at a time, to see that the exploration would find it.</summary>
internal enum Bug
{
    None,
    NoExpectedVersion,
    NoLeaseCheck,
    NoRecovery,
    ResendOnUnknown,
    SendBeforeAppend,
    ExpiryIgnored,
    ValidityIgnored,
    ApproveAfterCancel,
    ResendWithoutEnd,
    CancelWhileItGoesOn,
    NoAdoption,
}

/// <summary>The product's rules and the store's: decided on what was read, appended only where nothing was appended since.</summary>
internal sealed class Rules(Bug bug)
{
    public Outcome<CallEvent, Refusal> Decide(CallCommand command, CallState state)
    {
        var outcome = Call.Decide(command, state);
        return (bug, command, state) switch
        {
            (Bug.ExpiryIgnored, Approve c, Pending) when outcome.Refusal == Refusal.Expired => Dated(Call.Decide(c with { At = Cast.Time(0) }, state), c.At),
            (Bug.ValidityIgnored, Dispatch c, Approved) when outcome.Refusal == Refusal.Expired => Dated(Call.Decide(c with { At = Cast.Time(0) }, state), c.At),
            (Bug.ApproveAfterCancel, Approve c, Cancelled s) when outcome.Refusal == Refusal.Cancelled => Call.Decide(c, new Pending(s.Facts)),
            (Bug.ResendWithoutEnd, DispatchAgain c, Dispatching s) when outcome.Refusal is null => new DispatchStarted(1, c.Process, c.IdempotencyKey, c.At),
            (Bug.CancelWhileItGoesOn, Cancel c, Ended { ContinuedBy: not null } s) => Call.Decide(c, s with { Given = [] }),
            _ => outcome,
        };
    }

    /// <returns><c>null</c> where the race is lost.</returns>
    public History? Append(History now, History read, IReadOnlyList<CallEvent> events) =>
        ReferenceEquals(now, read) || bug == Bug.NoExpectedVersion ? now.Append(events) : null;

    public static World Put(World world, bool onNext, History stream) => onNext ? world with { Next = stream } : world with { Call = stream };

    private static CallEvent[] Dated(Outcome<CallEvent, Refusal> outcome, DateTimeOffset at) => [.. outcome.Events.Select(e => e with { At = at })];
}
