using McpGovern.Calls;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;

namespace McpGovern.Tests.Model;

/// <summary>All that can happen next, with the product's own <see cref="Call.Decide"/> and <see cref="Call.Evolve"/>. Bugs can be planted.</summary>
internal sealed class Transitions(Bounds bounds, Bug bug = Bug.None)
{
    private readonly Rules rules = new(bug);

    public World Start()
    {
        var call = History.Empty().Append(Call.Decide(bounds.Asks ? Cast.ParkTask : bounds.Gated ? Cast.Park : Cast.Allow, new None()).Events);
        var one = bounds.Gated ? default : new Process(At.Started, 0, false, null, 0, Came.Nothing, false);
        return new(call, History.Empty(), 0, 0, 0, 0, 0, 0, one, default, default, default, default, default, default, default);
    }

    public static bool MustSettle(World world) => world.One.IsAlive || world.Two.IsAlive;

    public static bool IsSettled(World world) => world.Streams.All(stream => stream.State is not (Pending or Approved or Dispatching));

    public IEnumerable<Step<World>> From(World w)
    {
        if (w.Clock == 0)
        {
            yield return new("time passes", true, w with { Clock = 1 });
        }

        var people = bounds.Gated
            ? Of(w, w.Approver, "alice approves", (by, at) => new Approve(Cast.Alice, null, "rest", null, at), (x, p) => x with { Approver = p })
            : [];
        people = bounds is { Gated: true, Rejecter: true }
            ? people.Concat(Of(w, w.Rejecter, "bob rejects", (by, at) => new Reject(Cast.Bob, null, "rest", null, at), (x, p) => x with { Rejecter = p }))
            : people;
        people = bounds is { Gated: true, Canceller: true }
            ? people.Concat(Of(w, w.Canceller, "the agent cancels", (by, at) => new Cancel(Cast.Agent, null, "mcp", at), (x, p) => x with { Canceller = p }))
            : people;
        people = bounds.Resolver
            ? people.Concat(Of(w, w.Resolver, "olga resolves", (by, at) => new Resolve(Cast.Olga, "failed", "looked", "cli", at), (x, p) => x with { Resolver = p },
                stream => stream.State is Unknown))
            : people;
        people = bounds.Asks
            ? people.Concat(Answers(w, w.Rejecter, "a", (x, p) => x with { Rejecter = p })).Concat(Answers(w, w.Resolver, "b", (x, p) => x with { Resolver = p }))
            : people;
        var steps = people.Concat(Reload(w)).Concat(GoOn(w)).Concat(Sweep(w)).Concat(new ProcessSteps(bounds, bug, rules, 1, w.One, w.Two, (x, p) => x with { One = p }).From(w))
            .Concat(new ProcessSteps(bounds, bug, rules, 2, w.Two, w.One, (x, p) => x with { Two = p }).From(w));
        foreach (var step in steps)
        {
            yield return step;
        }
    }

    private IEnumerable<Step<World>> Answers(World w, Person person, string key, Func<World, Person, World> put) => Of(
        w, person, $"the agent answers {key}", (_, at) => new GiveInput(Cast.Agent, ["a", "b"], $"{{\"{key}\":1}}", $"next by {key}", at), put,
        stream => stream.State is Ended { InputRequired: true });

    // Whoever finds the round named and not there makes it; two may find it so at once.
    private IEnumerable<Step<World>> GoOn(World w)
    {
        if (!bounds.Asks)
        {
            yield break;
        }

        var round = Call.Decide(Cast.ParkRound, new None()).Events;
        if (w is { Call.State: Ended { ContinuedBy: not null }, Next.State: None })
        {
            yield return new("the round is made", false, w with { Next = w.Next.Append(round) });
            if (w.Reloader.Phase == Phase.Before)
            {
                yield return new("the round is missed by another too", false, w with { Reloader = new(Phase.HasRead, true, w.Next, 0) });
            }
        }

        if (w.Reloader is { Phase: Phase.HasRead, Read: { } read })
        {
            yield return new("the other makes the round", false,
                w with { Next = rules.Append(w.Next, read, round) ?? w.Next, Reloader = new(Phase.Refused, false, null, 0) });
        }
    }

    // Begins on either stream that is there; a call that was superseded is looked for once more under its new id.
    private IEnumerable<Step<World>> Of(
        World w, Person person, string label, Func<byte, DateTimeOffset, CallCommand> command, Func<World, Person, World> put, Func<History, bool>? when = null)
    {
        if (person.Phase == Phase.Before)
        {
            foreach (var onNext in new[] { false, true })
            {
                if (w.On(onNext) is { State: not None } stream && (when is null || when(stream)))
                {
                    yield return new($"{label}: reads", false, put(w, person with { Phase = Phase.HasRead, OnNext = onNext, Read = stream, At = w.Clock }));
                }
            }
        }
        else if (person is { Phase: Phase.HasRead, Read: { } read })
        {
            var outcome = rules.Decide(command(person.At, Cast.Time(person.At)), read);
            if (outcome.Events.Count == 0)
            {
                var again = outcome.Refusal == Refusal.Invalidated && !person.OnNext && w.Next.State is not None;
                yield return new($"{label}: {outcome.Refusal}", false, put(w, again ? default : person with { Phase = Phase.Refused, Read = null, At = 0 }));
            }
            else if (rules.Append(w.On(person.OnNext), read, outcome.Events) is { } after)
            {
                yield return new($"{label}: recorded", false, put(Rules.Put(w, person.OnNext, after), person with { Phase = Phase.Recorded, Read = null, At = 0 }));
            }
            else
            {
                yield return new($"{label}: lost the race, reads", false, put(w, person with { Read = w.On(person.OnNext) }));
            }
        }
    }

    // The call's end and its successor are one transaction.
    private IEnumerable<Step<World>> Reload(World w)
    {
        if (bounds is not { Gated: true, Reloader: true })
        {
            yield break;
        }

        if (w.Reloader.Phase == Phase.Before)
        {
            yield return new("the policy changed: reads", false, w with { Reloader = new(Phase.HasRead, false, w.Call, w.Clock) });
        }
        else if (w.Reloader is { Phase: Phase.HasRead, Read: { } read })
        {
            var outcome = rules.Decide(new Invalidate("policy", "the rule changed", "next", Cast.Time(w.Reloader.At)), read);
            var done = w with { Reloader = new(Phase.Refused, false, null, 0) };
            yield return outcome.Events.Count == 0 ? new("the policy changed: too late", false, done)
                : rules.Append(w.Call, read, outcome.Events) is { } after
                ? new("the policy changed: superseded", false, done with { Call = after, Next = w.Next.Append(Call.Decide(Cast.ParkNext, new None()).Events) })
                : new("the policy changed: lost the race, reads", false, w with { Reloader = w.Reloader with { Read = w.Call } });
        }
    }

    private IEnumerable<Step<World>> Sweep(World w)
    {
        if (!MustSettle(w))
        {
            yield break;
        }

        if (w.Sweeper.Phase == Phase.Before)
        {
            foreach (var onNext in new[] { false, true })
            {
                if (rules.Decide(new Expire(Cast.Time(w.Clock)), w.On(onNext)).Events.Count > 0)
                {
                    yield return new("the sweeper reads", true, w with { Sweeper = new(Phase.HasRead, onNext, w.On(onNext), w.Clock) });
                }
            }
        }
        else
        {
            var read = w.Sweeper.Read!;
            var outcome = rules.Decide(new Expire(Cast.Time(w.Sweeper.At)), read);
            var after = rules.Append(w.On(w.Sweeper.OnNext), read, outcome.Events);
            var swept = after is null ? w : Rules.Put(w, w.Sweeper.OnNext, after);
            yield return new(after is null ? "the sweeper lost the race" : "expired", true, swept with { Sweeper = default });
        }
    }
}
