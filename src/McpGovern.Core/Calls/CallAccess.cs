using McpGovern.Policy;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Who may see, decide, cancel and resolve a call.</summary>
public static class CallAccess
{
    /// <summary>The requester, those who may decide it, operators and auditors; to everybody else the call does not exist.</summary>
    public static bool MaySee(Actor actor, Known call) =>
        IsRequester(actor, call) || (actor.Roles & (Roles.Operator | Roles.Auditor)) != 0 || (call.Gate is { } gate && IsNamed(actor, gate));

    public static bool MayCancel(Actor actor, Known call) => actor.Id == call.Call.RequestedBy || actor.Roles.HasFlag(Roles.Operator);

    /// <summary>What became of a call in the world is a person's word.</summary>
    public static bool MayResolve(Actor actor, Known call) =>
        !actor.IsAgent && (actor.Roles.HasFlag(Roles.Operator) || (call.Gate is { } gate && IsNamed(actor, gate)));

    /// <summary>The requester itself, the person behind its credential, or anything that shares its credential or session.</summary>
    public static bool IsRequester(Actor actor, Known call) =>
        IsOne(actor, call.Call.RequestedBy, call.Call.Credential)
        || (actor.Session is { } session && session == call.Call.Session);

    /// <summary>Whether one is behind both: an agent that acts for a person has that person's credential, and does what the person does.</summary>
    private static bool IsOne(Actor actor, string id, string credential) =>
        actor.Id == id || actor.Credential == credential
        || (OwnerOf(actor.Credential) is { } owner && (owner == id || owner == OwnerOf(credential)))
        || (OwnerOf(credential) is { } other && other == actor.Id);

    // Who launched a stdio process is not who it speaks for, and an operating system's user need not be the actor of that name.
    private static string? OwnerOf(string credential) => credential.Split(':', 2) is ["key" or "stdio", var owner] ? owner : null;

    internal static Refusal? WhyMayNotDecide(Answer answer, Known call) => (answer, call.Gate) switch
    {
        _ when IsRequester(answer.By, call) && call.Gate?.SelfApproval != true => Refusal.SelfApproval,
        // Given without seeing the call: never to oneself, nor where it takes more than one person's word.
        (Approve { Grant: not null }, _) when IsRequester(answer.By, call) => Refusal.SelfApproval,
        (Approve { Grant: not null }, not { HumanRequired: false, Quorum: 1 }) => Refusal.NotEligible,
        (Approve { Grant: not null }, _) when answer.By.IsAgent => Refusal.NotEligible,
        (_, null) => answer.By.Roles.HasFlag(Roles.Approver) ? null : Refusal.NotEligible,
        (_, { } gate) when !IsNamed(answer.By, gate) => Refusal.NotEligible,
        (Approve, { HumanRequired: true }) when answer.By.IsAgent || !answer.By.PresenceProven => Refusal.NotEligible,
        // A person and the agent that acts for it are one voice of a quorum.
        (Approve, { Quorum: > 1 }) when call.Decisions.Any(d => d.Decision == "approved" && d.Decider != answer.By.Id && IsOne(answer.By, d.Decider, d.Credential)) => Refusal.NotEligible,
        _ => null,
    };

    private static bool IsNamed(Actor actor, ToolApprovalRequired gate) => MayApprove(actor, gate.Approvers);

    /// <summary>
    /// Whether a rule with these approvers names the actor. An agent decides only where one does: neither its role nor a pattern for everybody is enough.
    /// Whoever is named decides without the role too, but not by a credential that was made for less.
    /// </summary>
    public static bool MayApprove(Actor actor, IReadOnlyList<string> approvers) => !actor.DecidesNothing && (approvers.Count == 0
        ? !actor.IsAgent && actor.Roles.HasFlag(Roles.Approver)
        : approvers.Any(pattern => Matches(pattern, actor)));

    private static bool Matches(string pattern, Actor actor)
    {
        if (pattern.StartsWith("group:", StringComparison.Ordinal))
        {
            return !actor.IsAgent && actor.Groups.Any(group => Glob.IsMatch(pattern.AsSpan("group:".Length), group, ignoreCase: false));
        }

        return actor.IsAgent == pattern.StartsWith("agent:", StringComparison.Ordinal) && Glob.IsMatch(pattern, actor.Id, ignoreCase: false);
    }
}
