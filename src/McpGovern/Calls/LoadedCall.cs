using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>A call's stream as it was read, and what it means.</summary>
internal sealed record LoadedCall(string Id, IReadOnlyList<CallEvent> Events, CallState State)
{
    public long Version => Events.Count;

    /// <summary>Every stream begins with a submission.</summary>
    public CallState.Known Known => (CallState.Known)State;

    /// <summary>Gated, or gone on as its upstream's task: its caller may have its id for a handle, under which the result is kept.</summary>
    public bool IsTask => Known.Gate is not null || Events.Any(e => e is UpstreamTaskFollowed);

    public CallView View => CallView.From(Id, Events);

    /// <summary>One of a list: a history that cannot be read must not hide the others. By its own id it is an error.</summary>
    public static LoadedCall? TryRead(StoredCall stored)
    {
        try
        {
            return new(stored.CallId, stored.Events, Call.Replay(stored.Events));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
