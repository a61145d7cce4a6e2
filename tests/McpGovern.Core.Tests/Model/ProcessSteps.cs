using McpGovern.Calls;
using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;

namespace McpGovern.Tests.Model;

/// <summary>What one serving process can do, and what can happen to it.</summary>
internal sealed class ProcessSteps(Bounds bounds, Bug bug, Rules rules, int number, Process me, Process other, Func<World, Process, World> put)
{
    private string Id => me.Id(number);

    public IEnumerable<Step<World>> From(World w) => (me.At switch
    {
        At.Idle => Find(w),
        At.Claiming => Record(w, new Dispatch(Cast.Hash, Id, "call", Cast.Time(me.Clock)), At.Started),
        At.Recovering => Recover(w),
        At.Started => Send(w),
        At.Sent => Hear(w),
        At.Following => Ask(w),
        At.Answered => [Works("reads", put(w, me with { At = At.Recording, Read = w.On(me.OnNext), Clock = w.Clock }))],
        At.Recording => Record(w, Outcome(), me.Came == Came.Task ? At.Following : At.Idle, At.Answered),
        At.Early => Record(w, new Dispatch(Cast.Hash, Id, "call", Cast.Time(me.Clock)), At.Sent),
        _ => [],
    }).Concat(Break(w));

    private IEnumerable<Step<World>> Find(World w)
    {
        foreach (var onNext in new[] { false, true })
        {
            var stream = w.On(onNext);
            var found = me with { OnNext = onNext, Read = stream, Clock = w.Clock };
            if (stream.State is Approved)
            {
                yield return Works("finds it approved", put(w, found with { At = At.Claiming }));
            }

            if (bug != Bug.NoRecovery && stream.State is Dispatching { Owner: var owner } && owner != Id && IsOver(owner))
            {
                yield return Works("finds its owner gone", put(w, found with { At = At.Recovering }));
            }

            if (bug == Bug.ResendOnUnknown && stream.State is Unknown && w.Sends + w.NextSends < 2)
            {
                yield return Works("sends it again", Sending(w, onNext) is var sent ? put(sent, found with { At = At.Sent, Read = null }) : w);
            }
        }
    }

    // A lease that has run out says nothing about whether its owner still runs.
    private bool IsOver(string owner)
    {
        var otherNumber = 3 - number;
        return bug == Bug.NoLeaseCheck || owner != other.Id(otherNumber) || !other.IsAlive || other.Paused;
    }

    private IEnumerable<Step<World>> Recover(World w)
    {
        var found = (Dispatching)me.Read!.State;
        if (found.Task is not null && bug != Bug.NoAdoption)
        {
            return Record(w, new Adopt(found.Owner, Id, Cast.Time(me.Clock)), At.Following);
        }

        var owner = found.Dispatch;
        return bounds.Idempotent && bounds.Gated && owner.Attempt < Call.MaxAttempts
            ? Record(w, new DispatchAgain(owner.Process, Cast.Hash, Id, "call", Cast.Time(me.Clock)), At.Started)
            : Record(w, new Lose(found.Owner, Invariants.OwnerEnded, Cast.Time(me.Clock)), At.Idle);
    }

    private IEnumerable<Step<World>> Send(World w)
    {
        yield return Works("sends", put(Sending(w, me.OnNext), me with { At = At.Sent, Read = null, Clock = 0 }));
        if (bounds.Gated && w.Defers < bounds.Defers)
        {
            var notSent = me with { At = At.Answered, Read = null, Clock = 0, Came = Came.NotSent };
            yield return Works("cannot send", put(w with { Defers = (byte)(w.Defers + 1) }, notSent));
        }
    }

    private IEnumerable<Step<World>> Hear(World w) =>
        from came in bounds.Asks && !me.OnNext ? [Came.Questions, Came.Success] : new[] { Came.Success, Came.Failure, Came.Silence, Came.Task }
        where came != Came.Task || bounds.Tasks
        select Works($"hears {came}", put(w, me with { At = At.Answered, Came = came }));

    // Whatever dies meanwhile, the upstream goes on with its task.
    private IEnumerable<Step<World>> Ask(World w) =>
        from came in new[] { Came.Success, Came.Failure }
        select Works($"hears of the task: {came}", put(w, me with { At = At.Answered, Came = came }));

    private CallCommand Outcome()
    {
        var at = Cast.Time(me.Clock);
        return me.Came switch
        {
            Came.Success => new Finish(Id, true, "sha256:r", 1, false, 1, null, at),
            Came.Failure => new Finish(Id, false, "sha256:r", 1, true, 1, null, at),
            Came.Questions => new Finish(Id, true, "sha256:r", 1, false, 1, null, at) { InputRequired = true },
            Came.Silence => new Lose(Id, "no answer", at),
            Came.Task => new Follow(Id, "task", null, at),
            Came.NotSent when me.Read is { } read && Rules.IsRepeat(read) && bug is not (Bug.DeferAfterTakeover or Bug.AllAfterTakeover) => new Lose(Id, "it was sent before", at),
            _ => new Defer(Id, "no connection", at, at),
        };
    }

    /// <param name="then">Where it goes on when it is recorded; refused, it is idle.</param>
    /// <param name="lost">Where it goes on after a lost race: it reads again there, or looks around again.</param>
    private IEnumerable<Step<World>> Record(World w, CallCommand command, At then, At lost = At.Idle)
    {
        var idle = new Process(At.Idle, me.Life, false, null, 0, Came.Nothing, false);
        var read = me.Read!;
        var outcome = rules.Decide(command, read);
        if (bug == Bug.SendBeforeAppend && me.At == At.Claiming && outcome.Events.Count > 0)
        {
            yield return Works("sends early", put(Sending(w, me.OnNext), me with { At = At.Early }));
        }
        else if (outcome.Events.Count == 0)
        {
            yield return Works($"is refused: {outcome.Refusal}", put(w, idle));
        }
        else if (rules.Append(w.On(me.OnNext), read, outcome.Events) is { } after)
        {
            yield return Works($"records {outcome.Events[0].GetType().Name}", put(Rules.Put(w, me.OnNext, after),
                then == At.Idle ? idle : me with { At = then, Read = null, Clock = 0 }));
        }
        else
        {
            yield return Works("lost the race", put(w, lost == At.Idle ? idle : me with { At = lost, Read = null, Clock = 0 }));
        }
    }

    private IEnumerable<Step<World>> Break(World w)
    {
        if (me.At == At.Dead)
        {
            if (me.Life == 0 && bounds.Restarts)
            {
                yield return new($"p{number} starts again", false, put(w, new(At.Idle, 1, false, null, 0, Came.Nothing, false)));
            }
        }
        else if (w.Crashes < bounds.Crashes)
        {
            var dead = new Process(At.Dead, me.Life, false, null, 0, Came.Nothing, false);
            yield return new($"p{number} dies", false, put(w with { Crashes = (byte)(w.Crashes + 1) }, dead));
        }

        if (me is { Paused: false, At: At.Started or At.Sent or At.Answered or At.Recording or At.Following } && w.Pauses < bounds.Pauses)
        {
            yield return new($"p{number} is stopped past its lease", false, put(w with { Pauses = (byte)(w.Pauses + 1) }, me with { Paused = true }));
        }
    }

    private static World Sending(World w, bool onNext) =>
        onNext ? w with { NextSends = (byte)(w.NextSends + 1) } : w with { Sends = (byte)(w.Sends + 1) };

    private Step<World> Works(string what, World to) => new($"p{number} {what}", true, to);
}
