using McpGovern.Calls;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>The stateless revision: the question is the answer, and the client comes back with a request of its own.</summary>
internal sealed class StatelessAsk(ApprovalAsk asks, Actor actor, string name, ElicitationCapability can) : ICallAsk
{
    public async Task<CallAnswer?> InsteadAsync(LoadedCall call, CancellationToken ct) =>
        await asks.BeginAsync(call, actor, can, ct) is { } mode ? await asks.QuestionAsync(call, actor, name, mode, ct) : null;

    public Task BesideAsync(LoadedCall call, CancellationToken ct) => Task.CompletedTask;
}
