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

    // Of calls that another process took over and sends again.
    CancelAfterTakeover,
    ReloadAfterTakeover,
    DeferAfterTakeover,
    AllAfterTakeover,
}

/// <summary>The product's rules and the store's: decided on what was read, appended only where nothing was appended since.</summary>
internal sealed class Rules(Bug bug)
{
    /// <summary>Whether an earlier process may have sent it: the product never says of such a call that it was not sent.</summary>
    public static bool IsRepeat(History read) => read.Events is [.., DispatchStarted, DispatchStarted];

    public Outcome<CallEvent, Refusal> Decide(CallCommand command, History read)
    {
        var outcome = Call.Decide(command, read.State);
        return (bug, command, read.State) switch
        {
            (Bug.ExpiryIgnored, Approve c, Pending) when outcome.Refusal == Refusal.Expired => Dated(Call.Decide(c with { At = Cast.Time(0) }, read.State), c.At),
            (Bug.ValidityIgnored, Dispatch c, Approved) when outcome.Refusal == Refusal.Expired => Dated(Call.Decide(c with { At = Cast.Time(0) }, read.State), c.At),
            (Bug.ApproveAfterCancel, Approve c, Cancelled s) when outcome.Refusal == Refusal.Cancelled => Call.Decide(c, new Pending(s.Facts)),
            (Bug.ResendWithoutEnd, DispatchAgain c, Dispatching s) when outcome.Refusal is null => new DispatchStarted(1, c.Process, c.IdempotencyKey, c.At),
            (Bug.CancelWhileItGoesOn, Cancel c, Ended { ContinuedBy: not null } s) => Call.Decide(c, s with { Given = [] }),
            (Bug.CancelAfterTakeover or Bug.AllAfterTakeover, Cancel c, Dispatching s) when IsRepeat(read) =>
                Call.Decide(c, new Approved(s.Facts, s.ValidUntil, null, 1)),
            (Bug.ReloadAfterTakeover or Bug.AllAfterTakeover, Invalidate c, Dispatching s) when IsRepeat(read) =>
                Call.Decide(c, new Approved(s.Facts, s.ValidUntil, null, 1)),
            _ => outcome,
        };
    }

    /// <returns><c>null</c> where the race is lost.</returns>
    public History? Append(History now, History read, IReadOnlyList<CallEvent> events) =>
        ReferenceEquals(now, read) || bug == Bug.NoExpectedVersion ? now.Append(events) : null;

    public static World Put(World world, bool onNext, History stream) => onNext ? world with { Next = stream } : world with { Call = stream };

    private static CallEvent[] Dated(Outcome<CallEvent, Refusal> outcome, DateTimeOffset at) => [.. outcome.Events.Select(e => e with { At = at })];
}
