using System.Globalization;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>What an agent is told when there is no upstream's result to give: what happened, and what to do next.</summary>
internal static class AgentText
{
    /// <summary>The same for a tool that is denied and for one that does not exist: who may not know of it cannot tell.</summary>
    public const string NotAvailable = "tool unavailable; pick another";

    /// <summary>What follows it where policy explains itself.</summary>
    public static string DeniedByPolicy(string rule, string source) => $" (denied by policy: {rule}; {source})";

    public static string CannotRecord(string why) =>
        $"Not executed: the call could not be recorded, and what cannot be recorded is not forwarded ({why}). Try again later.";

    /// <summary>For a call that is recorded, while the store cannot be asked what became of it.</summary>
    public static string OutOfSight(string id) =>
        $"{id} is recorded, and the store does not answer now, so it is not known here where the call stands. {After(id)} Do not send it again meanwhile.";

    /// <summary>For a call that was to be parked, when the store did not say whether it is.</summary>
    public static string InDoubt(string id, string why) =>
        $"It is not known whether this call was recorded, because the store did not answer ({why}). It may have been recorded as {id} and may wait for an approval. "
        + $"Ask jamjet_result for {id} later, or send the same call again: it attaches to the one that is recorded, and is recorded if there is none. "
        + "Do not send it with other arguments meanwhile.";

    public static string NoEffect(string fault) => $"Not executed: its effect cannot be told from its arguments: {fault}.";

    public static string EffectHappened(string effect, string id, DateTimeOffset at) =>
        $"Not executed: the effect {effect} came about already: {id} did it at {Time(at)}. A call with this effect runs at most once; do not ask for it again.";

    /// <param name="holder">The call that holds the effect, for those who may see it.</param>
    public static string EffectUnderWay(string effect, LoadedCall? holder) => holder is null
        ? $"Not executed: a call with the effect {effect} is under way already, and such a call runs at most once. Do not send it again meanwhile."
        : $"Not executed: {holder.Id} by {holder.Known.Call.RequestedBy} has the same effect {effect} and is {CallStatus.Of(holder.State)}; "
            + $"such a call runs at most once. {After(holder.Id)} Do not send it again meanwhile.";

    public static string Frozen(Freeze freeze) =>
        $"Not executed: calls like this one are {Plain.Text(freeze.Why)}. Nothing was sent. Do not try again until that is lifted.";

    public static string FreezesUnknown(string why) => $"Not executed: the store does not say whether this is frozen ({why}). Nothing was sent. Try again later.";

    public static string Unsteady(string tool) =>
        $"Not executed: the definition of '{tool}' changes again and again, so that nothing can be said of a call of it. Nothing was sent.";

    public static string Unavailable(string server, string why) => $"Not executed: '{server}' is not available ({why}). Nothing was sent to it.";

    public static string Redelivered(Ended call) =>
        $"This call ran already at {Time(call.At)} and was not run again. What follows is its stored result.";

    /// <summary>Where a call without a result stands.</summary>
    /// <param name="url">Of the page where a person decides it, if there is one.</param>
    public static string Of(LoadedCall call, string? url = null) => call.State switch
    {
        Pending s => $"Not executed: this call needs an approval. It is parked as {call.Id} and waits for {Approvers(s)}{Until(s.Required.Deadline)}.{At(url)} "
            + $"{After(call.Id)} Do not try again with other arguments: that would be another call and need another approval.",
        Approved { Deferred: { } d } when d.Why.StartsWith(Freeze.Word, StringComparison.Ordinal) =>
            $"Not executed yet: {call.Id} is approved, and calls like it are {d.Why}. It runs when that is lifted. {After(call.Id)}",
        Approved { Deferred: { } d } => $"Not executed yet: {call.Id} is approved and waits for its server ({d.Why}); tried again at {Time(d.RetryAt)}. {After(call.Id)}",
        Approved => $"Not executed yet: {call.Id} is approved and will run. {After(call.Id)}",
        Dispatching => $"{call.Id} was sent and has not been answered yet. {After(call.Id)} Do not send it again.",
        Rejected s => $"approval rejected by {s.By.Decider}{(s.By.Comment is { Length: > 0 } c ? $": {c}" : "")}",
        Expired s => $"Not executed: {call.Id} expired at {Time(s.Deadline)} without being run. It may be asked for again.",
        Cancelled { WasAsked: true } s =>
            $"{call.Id} was cancelled by {s.By.By}{(s.By.Reason is { Length: > 0 } r ? $": {r}" : "")}. "
            + "The questions of its server were not answered, and it did not go on.",
        Cancelled s => $"Not executed: {call.Id} was cancelled by {s.By.By}{(s.By.Reason is { Length: > 0 } r ? $": {r}" : "")}.",
        Invalidated { Why.SupersededBy: { } next } s => $"Not executed: {call.Id} is no longer what would run ({s.Why.Detail}). It continues as {next}, which needs its own approval.",
        Invalidated s => $"Not executed: {call.Id} is no longer what would run ({s.Why.Detail}). It may be asked for again.",
        Unknown s => $"Outcome unknown: {call.Id} was sent and it is not known what became of it ({s.Why.Why}). It is not sent again by itself; a person has to find out. Do not repeat it.",
        Resolved { By: { } by } => $"The outcome of {call.Id} was unknown. {by.By} found that it {by.Outcome}: {by.Comment}",
        Resolved { Late: { } late } => $"{call.Id} {late.Outcome}; its answer came late.",
        Denied => $"Not executed: {call.Id} was denied by policy.",
        Ended { ContinuedBy: { } next } => $"{call.Id} goes on as {next}, with the answers to its server's questions. {After(next)} Do not send it again.",
        Ended { InputRequired: true } => $"{call.Id} has questions before it goes on. Call the tool again with the same arguments: you are given them, and can answer.",
        Ended { Reason: { } why } => $"{call.Id} failed: {why}",
        Ended s => $"{call.Id} {(s.Succeeded ? "succeeded" : "failed")} at {Time(s.At)}; its result is no longer kept.",
        _ => $"{call.Id} is {CallStatus.Of(call.State)}.",
    };

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string After(string id) => $"Fetch its result later with the tool jamjet_result and call_id {id}.";

    private static string Approvers(Pending s)
    {
        var who = s.Required.Approvers.Count == 0 ? "an approver" : string.Join(" or ", s.Required.Approvers);
        return s.Required.Quorum == 1 ? who : $"{s.Required.Quorum} approvals by {who} ({CallDecision.Have(s.Facts)} so far)";
    }

    private static string At(string? url) => url is null ? "" : $" They find it at {url} (after a login).";

    private static string Until(DateTimeOffset? deadline) => deadline is { } at ? $" until {Time(at)}" : "";
}
