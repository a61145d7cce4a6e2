namespace McpGovern;

/// <summary>What a decider answers: the events to append, or the reason there are none.</summary>
public sealed record Outcome<TEvent, TRefusal>(IReadOnlyList<TEvent> Events, TRefusal? Refusal) where TRefusal : struct, Enum
{
    public static implicit operator Outcome<TEvent, TRefusal>(TEvent @event) => new([@event], null);
    public static implicit operator Outcome<TEvent, TRefusal>(TEvent[] events) => new(events, null);
    public static implicit operator Outcome<TEvent, TRefusal>(TRefusal refusal) => new([], refusal);
}
