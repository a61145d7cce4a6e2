using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>How a decision by a person or agent is judged, and how approvals are counted.</summary>
public static class CallDecision
{
    private static readonly Outcome<CallEvent, Refusal> NothingNew = new([], null);

    internal static Outcome<CallEvent, Refusal> Decide(Answer answer, Known state)
    {
        if (CallAccess.WhyMayNotDecide(answer, state) is { } notEligible)
        {
            return notEligible;
        }

        // A repeat by the same decider is the retry of a lost answer, whatever the call has become: it is told what it already did.
        if (state.Decisions.Any(d => d.Decider == answer.By.Id && d.Decision == Word(answer)))
        {
            return NothingNew;
        }

        if (answer.IdempotencyKey is { } key && state.Decisions.Any(d => d.Decider == answer.By.Id && d.IdempotencyKey == key))
        {
            return Refusal.AlreadyDecided;
        }

        return state switch
        {
            Cancelled => Refusal.Cancelled,
            Invalidated => Refusal.Invalidated,
            Expired => Refusal.Expired,
            // Judged from the stored deadline, so a late answer is refused even while no sweeper runs.
            Pending { Required.Deadline: { } deadline } when answer.At >= deadline => Refusal.Expired,
            Approved { ValidUntil: { } until } when answer.At >= until => Refusal.Expired,
            Pending pending => Record(answer, pending),
            { Decisions.Count: > 0 } => Refusal.AlreadyDecided,
            _ => Refusal.Finished,
        };
    }

    /// <summary>The state after one more decision.</summary>
    /// <exception cref="InvalidDataException">The decision is neither <c>approved</c> nor <c>rejected</c>.</exception>
    internal static CallState Count(CallFacts facts, ApprovalReceived last) => last.Decision switch
    {
        "rejected" => new Rejected(facts, last),
        "approved" when Have(facts) < facts.Gate!.Quorum => new Pending(facts),
        "approved" => new Approved(facts, Until(last.At, facts.Gate.ValidForSeconds), Deferred: null, Attempts: 0),
        _ => throw new InvalidDataException($"a decision reads '{last.Decision}'"),
    };

    /// <summary>How many distinct actors approved.</summary>
    public static int Have(CallFacts facts) => facts.Decisions.Where(d => d.Decision == "approved").Select(d => d.Decider).Distinct().Count();

    private static Outcome<CallEvent, Refusal> Record(Answer answer, Pending pending)
    {
        if (answer.SeenHash is { } seen && seen != pending.Required.CallHash)
        {
            return Refusal.StaleView;
        }

        var commentRequired = pending.Required.CommentRequired == "always" || (pending.Required.CommentRequired == "reject" && answer is Reject);
        if (commentRequired && string.IsNullOrWhiteSpace(answer.Comment))
        {
            return Refusal.CommentRequired;
        }

        return new ApprovalReceived(answer.By.Id, Word(answer), answer.Comment, answer.Via,
            answer.By.PresenceProven ? "proven" : "unproven", answer.SeenHash, answer.By.AuthMethod, answer.By.Credential,
            CallAccess.IsRequester(answer.By, pending), answer.At)
        {
            IdempotencyKey = answer.IdempotencyKey,
            Grant = (answer as Approve)?.Grant,
        };
    }

    private static string Word(Answer answer) => answer is Approve ? "approved" : "rejected";

    private static DateTimeOffset? Until(DateTimeOffset from, double? seconds) => seconds is { } s ? from.AddSeconds(s) : null;
}
