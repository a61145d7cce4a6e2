using McpGovern.Calls;

namespace McpGovern.Tests.Model;

/// <summary>What must hold in every state that can be reached, in words of its own: nothing here asks the rules that are examined.</summary>
internal static class Invariants
{
    public const string OwnerEnded = "the process that sent it ended";

    /// <summary>Of one stream, whatever the world around it.</summary>
    public static string? FaultOf(IReadOnlyList<CallEvent> events)
    {
        var approvals = events.OfType<ApprovalReceived>().ToArray();
        if (approvals.Length > 1 || events.Count(e => e is ApprovalExpired or CallCancelled or ApprovalInvalidated) > 1)
        {
            return "more than one decision";
        }

        var gate = events.OfType<ToolApprovalRequired>().SingleOrDefault();
        if (approvals.Any(a => a.At >= gate!.Deadline))
        {
            return "a decision after the deadline";
        }

        for (var i = 0; i < events.Count; i++)
        {
            var before = events.Take(i).ToArray();
            var fault = events[i] switch
            {
                DispatchStarted e when gate is not null && !IsApproved(before, gate, e.At) => "a dispatch without an approval that is good for it",
                OutcomeUnknown when before.LastOrDefault() is not (DispatchStarted or UpstreamTaskFollowed) => "an outcome is unknown of what was not sent",
                OutcomeUnknown { Why: OwnerEnded } when before.Any(e => e is UpstreamTaskFollowed) => "a task was given up that its server knows",
                DispatchStarted when before.Any(e => e is UpstreamTaskFollowed) => "sent again although its server is at it",
                CallSucceeded or CallFailed or OutcomeArrivedLate when !before.OfType<DispatchStarted>().Any() => "an outcome of what was not sent",
                _ => null,
            };
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary>Of the world: streams, processes, people and what went over the wire.</summary>
    public static string? FaultOf(World world, Bounds bounds) =>
        world.Call.Fault ?? world.Next.Fault
        ?? (world.Sends > world.Call.Starts || world.NextSends > world.Next.Starts ? "sent before it was recorded" : null)
        ?? (Math.Max(world.Sends, world.NextSends) > (bounds.Idempotent ? Call.MaxAttempts : 1) ? "sent too often" : null)
        ?? (world.Sends > 0 && EndedUnsent(world.Call) || world.NextSends > 0 && EndedUnsent(world.Next) ? "said not to have been sent, and was" : null)
        ?? GivenUp(world)
        ?? (bounds.Asks ? WentOnWrongly(world) : null)
        ?? (bounds.Asks ? null : Vanished(world));

    private static bool IsApproved(IReadOnlyList<CallEvent> before, ToolApprovalRequired gate, DateTimeOffset at) =>
        before.OfType<ApprovalReceived>().SingleOrDefault() is { Decision: "approved" } approval
        && (gate.ValidForSeconds is not { } seconds || before.OfType<DispatchStarted>().Any() || at < approval.At.AddSeconds(seconds))
        && !before.Any(e => e is CallCancelled or ApprovalExpired or ApprovalInvalidated);

    // Once it has ended so, nobody looks for what it did, and its successor may be approved and sent.
    private static bool EndedUnsent(History stream) =>
        stream.Events is [.., ApprovalExpired or ApprovalInvalidated or CallCancelled] && !stream.Events.Any(e => e is CallSucceeded);

    private static string? GivenUp(World world) =>
        world.Streams.Any(stream => stream.State is CallState.Unknown unknown
            && (world.One.Works(unknown.Owner, 1) || world.Two.Works(unknown.Owner, 2)))
        ? "given up while its owner lives and has its lease" : null;

    private static string? WentOnWrongly(World world)
    {
        var given = world.Call.Events.OfType<InputReceived>().ToArray();
        return given.Count(e => e.ContinuedBy is not null) > 1 || given.DistinctBy(e => e.Responses).Count() < given.Length ? "answered twice"
            : world.Next.Events.Count > 0 && given.LastOrDefault()?.ContinuedBy is null ? "a round that nobody named"
            : given.LastOrDefault()?.ContinuedBy is not null && world.Call.Events.Any(e => e is CallCancelled) ? "cancelled, and goes on"
            : Lacks(world, world.Rejecter, e => e is InputReceived { Responses: """{"a":1}""" }) || Lacks(world, world.Resolver, e => e is InputReceived { Responses: """{"b":1}""" })
            ? "an acknowledged answer is not in its stream" : null;
    }

    private static string? Vanished(World world) =>
        Lacks(world, world.Approver, e => e is ApprovalReceived { Decision: "approved" })
        || Lacks(world, world.Rejecter, e => e is ApprovalReceived { Decision: "rejected" })
        || Lacks(world, world.Canceller, e => e is CallCancelled)
        || Lacks(world, world.Resolver, e => e is OutcomeResolved)
        ? "an acknowledged decision is not in its stream" : null;

    private static bool Lacks(World world, Person person, Func<CallEvent, bool> isIt) =>
        person.Phase == Phase.Recorded && !(person.OnNext ? world.Next : world.Call).Events.Any(isIt);
}
