using McpGovern.Storage;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Finds the call that a decision means: by its own id, or by its execution's, where one pending call is inferred.</summary>
internal sealed class DecisionTarget(CallStreams streams, ICallStore store)
{
    public async Task<(LoadedCall? Call, DecisionAnswer? Refusal)> FindAsync(Actor actor, string callId, string? nodeId, CancellationToken ct)
    {
        var node = string.IsNullOrEmpty(nodeId) ? null : nodeId;
        var ofExecution = await store.FindByExecutionAsync(CallId.ExecutionOf(callId), ct);
        var ids = ofExecution.Count > 0 ? ofExecution.Select(row => row.CallId) : [callId];
        var visible = new List<LoadedCall>();
        foreach (var id in ids)
        {
            if (await streams.LoadAsync(id, ct) is { } call && CallAccess.MaySee(actor, call.Known) && (node is null || call.Known.Call.NodeId == node))
            {
                visible.Add(call);
            }
        }

        var pending = visible.Where(call => call.State is Pending).ToArray();
        return (visible.Count, pending.Length) switch
        {
            (0, _) => (null, Answers.NotFound(callId)),
            (1, _) => (visible[0], null),
            (_, 1) => (pending[0], null),
            (_, 0) => (visible.MaxBy(call => call.Known.Call.At), null),
            _ => (null, Ambiguous(pending)),
        };
    }

    private static DecisionAnswer Ambiguous(LoadedCall[] pending)
    {
        var candidates = pending.Select(call => new Candidate(call.Id, call.Known.Call.NodeId)).OrderBy(c => c.NodeId, StringComparer.Ordinal).ToArray();
        var message = $"multiple approvals pending ({string.Join(", ", candidates.Select(c => c.NodeId))}); specify node_id";
        return Answers.Of(AnswerCode.Ambiguous, message) with { Candidates = candidates, ExecutionId = pending[0].Known.Call.ExecutionId };
    }
}
