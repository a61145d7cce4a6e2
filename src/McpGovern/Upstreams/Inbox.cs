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
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _refusal;

    /// <summary>Called on the reader's thread: must return at once.</summary>
    public event Action? ToolListChanged;

    /// <summary>Another of its lists changed: <c>resources</c> or <c>prompts</c>. Like the one above.</summary>
    public event Action<string>? OtherListChanged;

    /// <summary>The params of <c>notifications/resources/updated</c>. Like the ones above.</summary>
    public event Action<ReadOnlyMemory<byte>>? ResourceUpdated;

    /// <summary>Why no request is taken any more.</summary>
    public string? Refusal => _refusal;

    public Task Refused => _refused.Task;

    /// <summary>Completes when no request is taken any more and none waits.</summary>
    public Task Drained => _drained.Task;

    /// <summary>Null, with the reason, when the connection takes no more requests.</summary>
    public PendingRequest? Open(out string refusal)
    {
        var request = new PendingRequest();
        _pending[request.Id] = request;
        refusal = _refusal ?? "";
        if (_refusal is null)
            return request;
        Forget(request);
        return null;
    }

    public void Forget(PendingRequest request)
    {
        _pending.TryRemove(request.Id, out _);
        request.StopRelay();
        CheckDrained();
    }

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
    public bool TryTake(ReadOnlyMemory<byte> message)
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
            default:
                return false;
        }
    }

    private bool TakeAnswer(Envelope answer)
    {
        if (_pending.TryGetValue(answer.Id!, out var request))
            request.TakeAnswer(answer);
        else
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

    private void CheckDrained()
    {
        if (_refusal is not null && _pending.IsEmpty)
            _drained.TrySetResult();
    }
}
