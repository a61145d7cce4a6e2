using McpGovern.Calls;

namespace McpGovern.ConsolePages;

/// <summary>What an actor may do about a call at this moment, asked of the rules themselves.</summary>
/// <param name="Resolve">Say what became of it.</param>
/// <param name="WhyNot">Why nothing, or not the approval; <c>null</c> where that is open.</param>
internal sealed record Deciding(bool Approve, bool Reject, bool Resolve, string? WhyNot)
{
    public bool Any => Approve || Reject || Resolve;

    public static Deciding Of(LoadedCall call, Actor actor, DateTimeOffset now)
    {
        // Any comment will do for the question.
        if (Call.Decide(new CallCommand.Resolve(actor, "succeeded", "?", "console", now), call.State).Events.Count > 0)
        {
            return new(Approve: false, Reject: false, Resolve: true, WhyNot: null);
        }

        var approve = Call.Decide(new CallCommand.Approve(actor, "?", "console", SeenHash: null, now), call.State);
        var reject = Call.Decide(new CallCommand.Reject(actor, "?", "console", SeenHash: null, now), call.State);
        var recorded = approve is { Refusal: null, Events.Count: 0 } || reject is { Refusal: null, Events.Count: 0 };
        var refusal = approve.Refusal ?? reject.Refusal;
        return new(approve.Events.Count > 0, reject.Events.Count > 0, Resolve: false,
            recorded && call.State is CallState.Pending ? "Your decision is recorded; others have to decide too."
            : recorded || refusal is null ? null
            : Answers.Of(new Executed(call, [], refusal), actor, "approved").Message);
    }
}
