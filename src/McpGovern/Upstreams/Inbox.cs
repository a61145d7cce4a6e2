using System.Collections.Concurrent;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>
/// Takes what an upstream sends for us out of the stream of messages, on the reader's own thread and before the SDK sees it: the SDK
/// handles every message on a task of its own, so that progress comes in any order and after the result.
/// </summary>
internal sealed class Inbox(string upstream, ILogger log)
{
    private readonly ConcurrentDictionary<string, PendingRequest> _pending = new(StringComparer.Ordinal);
    // Given up, and not answered since: what its upstream still says may belong to any of them.
    private readonly ConcurrentDictionary<string, byte> _abandoned = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _refusal;

    /// <summary>Called on the reader's thread: must return at once.</summary>
    public event Action? ToolListChanged;

    /// <summary>Another of its lists changed: <c>resources</c> or <c>prompts</c>. Like the one above.</summary>
    public event Action<string>? OtherListChanged;

    /// <summary>The params of <c>notifications/resources/updated</c>. Like the ones above.</summary>
    public event Action<ReadOnlyMemory<byte>>? ResourceUpdated;

    /// <summary>Likewise. The upstream asks its client something.</summary>
    public event Action<UpstreamQuestion>? Asked;

    /// <summary>Likewise. The upstream no longer wants to know; the id is its own, as JSON text.</summary>
    public event Action<ReadOnlyMemory<byte>>? Withdrawn;

    /// <summary>Likewise. A subscription to changes is in force.</summary>
    public event Action? Subscribed;

    /// <summary>Why no request is taken any more.</summary>
    public string? Refusal => _refusal;

    public Task Refused => _refused.Task;

    /// <summary>Completes when no request is taken any more and none waits.</summary>
    public Task Drained => _drained.Task;

    /// <summary>Null, with the reason, when the connection takes no more requests.</summary>
    public PendingRequest? Open(string method, ICallerSide? caller, out string refusal)
    {
        var request = new PendingRequest(method, caller);
        _pending[request.Id] = request;
        refusal = _refusal ?? "";
        if (_refusal is null)
            return request;
        Forget(request);
        return null;
    }

    /// <returns>Whether it is a call whose upstream may still be at it.</returns>
    public bool Forget(PendingRequest request)
    {
        var abandoned = request.IsCall && !request.Answer.IsCompleted;
        if (abandoned)
            _abandoned[request.Id] = 0;
        _pending.TryRemove(request.Id, out _);
        request.Dispose();
        CheckDrained();
        return abandoned;
    }

    /// <summary>Nothing more is to be expected of a call that was given up.</summary>
    public void Absolve(string id) => _abandoned.TryRemove(id, out _);

    /// <summary>Changes may have been missed: everybody looks again.</summary>
    public void LookAgain() => ToolListChanged?.Invoke();

    /// <summary>No new requests; those that wait go on waiting.</summary>
    public void Refuse(string reason)
    {
        _refusal ??= reason;
        _refused.TrySetResult();
        CheckDrained();
    }

    /// <summary>The connection is gone: nobody will answer those that wait.</summary>
    public void End(string reason)
    {
        Refuse(reason);
        foreach (var request in _pending.Values)
            request.TakeEnd(reason);
    }

    /// <summary>True when the message was for us and is dealt with.</summary>
    /// <param name="of">The request in whose own response the message came, where the transport has such.</param>
    /// <param name="shared">All that the upstream says comes on this stream, so that a question on it may belong to a call.</param>
    public bool TryTake(ReadOnlyMemory<byte> message, PendingRequest? of = null, bool shared = true)
    {
        if (Envelope.Read(message) is not { } envelope)
            return false;
        if (envelope.IsAnswer)
            return TakeAnswer(envelope);

        switch (envelope)
        {
            case { Method: "notifications/progress", Id: null }:
                TakeProgress(envelope.Params);
                return true;
            case { Method: "notifications/tools/list_changed", Id: null }:
                ToolListChanged?.Invoke();
                return true;
            case { Method: "notifications/resources/list_changed", Id: null }:
                OtherListChanged?.Invoke("resources");
                return true;
            case { Method: "notifications/prompts/list_changed", Id: null }:
                OtherListChanged?.Invoke("prompts");
                return true;
            case { Method: "notifications/resources/updated", Id: null }:
                ResourceUpdated?.Invoke(envelope.Params);
                return true;
            case { Method: "notifications/message", Id: null }:
                (of ?? OnlyCall())?.TakeLog(envelope.Params);
                return true;
            case { Method: "notifications/subscriptions/acknowledged", Id: null }:
                Subscribed?.Invoke();
                return true;
            case { Method: "notifications/cancelled", Id: null } when RawObject.Read(envelope.Params) is { } members:
                Withdrawn?.Invoke(members.FindLast(member => member.Name == "requestId").Value);
                return true;
            case { RawId.IsEmpty: false } when UpstreamQuestion.Is(envelope.Method):
                Asked?.Invoke(new UpstreamQuestion(envelope.Method!, envelope.RawId, envelope.Params, of ?? (shared ? OnlyCall() : null)));
                return true;
            default:
                return false;
        }
    }

    private bool TakeAnswer(Envelope answer)
    {
        if (_pending.TryGetValue(answer.Id!, out var request))
            request.TakeAnswer(answer);
        else if (!_abandoned.TryRemove(answer.Id!, out _))
            UpstreamLog.UnknownAnswer(log, upstream);
        return true;
    }

    private void TakeProgress(ReadOnlyMemory<byte> parameters)
    {
        if (RawObject.Read(parameters) is not { } members)
            return;
        var token = members.FindLast(member => member.Name == "progressToken");
        if (RawObject.AsString(token.Value) is { } id && _pending.TryGetValue(id, out var request))
            request.TakeProgress(RawObject.Write(members.Where(member => member.Name != "progressToken")));
    }

    /// <summary>The one call that is under way: what comes without a hint belongs to it, or, where there are several, to nobody.</summary>
    private PendingRequest? OnlyCall()
    {
        var calls = _pending.Values.Where(request => request.IsCall).Take(2).ToArray();
        return calls.Length == 1 && _abandoned.IsEmpty ? calls[0] : null;
    }

    private void CheckDrained()
    {
        if (_refusal is not null && _pending.Values.All(request => request.Listens))
            _drained.TrySetResult();
    }
}
