using McpGovern.Calls;

namespace McpGovern.Tests.Model;

/// <summary>A stream as far as it was written, shared by all states in which it reads so; <see cref="Call.Evolve"/> says what it means.</summary>
internal sealed class History
{
    private readonly Dictionary<CallEvent, History> next = [];

    private History(IReadOnlyList<CallEvent> events, CallState state, string? fault) =>
        (Events, Starts, State, Fault) = (events, events.OfType<DispatchStarted>().Count(), state, fault);

    public IReadOnlyList<CallEvent> Events { get; }
    public int Starts { get; }
    public CallState State { get; }

    /// <summary>What no stream may ever say.</summary>
    public string? Fault { get; }

    public static History Empty() => new([], new CallState.None(), null);

    public History Append(IEnumerable<CallEvent> events) => events.Aggregate(this, (history, e) => history.Append(e));

    private History Append(CallEvent @event)
    {
        if (!next.TryGetValue(@event, out var after))
        {
            next[@event] = after = Make(@event);
        }

        return after;
    }

    private History Make(CallEvent @event)
    {
        CallEvent[] events = [.. Events, @event];
        try
        {
            return new(events, Call.Evolve(State, @event), Fault ?? Invariants.FaultOf(events));
        }
        catch (InvalidDataException e)
        {
            return new(events, State, $"the history cannot be read: {e.Message}");
        }
    }
}
