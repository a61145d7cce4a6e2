using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary>The store itself, opened by the operating-system user that runs the command.</summary>
internal sealed class LocalDoor(Gateway gateway, Actor actor) : ICallDoor
{
    private const string Via = "cli";

    public Task<DecisionAnswer> DecideAsync(string target, string decision, string? nodeId, string? comment, string? expectedHash, CancellationToken ct) =>
        gateway.Decisions.DecideAsync(new(actor, target, decision, Via) { NodeId = nodeId, Comment = comment, ExpectedHash = expectedHash }, ct);

    public Task<DecidedBatch> DecideAllAsync(byte[] json, CancellationToken ct)
    {
        var body = JsonArguments.TryRead(json) ?? throw new DoorException("this is no JSON object, or has a key twice", AnswerCode.BadRequest.Exit);
        return DecisionBatch.Read(body, actor, Via) is { } batch
            ? DecisionBatch.DecideAsync(gateway.Decisions, batch, ct)
            : throw new DoorException(body.Fault!, AnswerCode.BadRequest.Exit);
    }

    public Task<DecisionAnswer> CancelAsync(string target, string? reason, CancellationToken ct) =>
        gateway.Decisions.CancelAsync(new(actor, target, Via, reason), ct);

    public Task<DecisionAnswer> ResolveAsync(string target, string? outcome, string? comment, CancellationToken ct) =>
        gateway.Decisions.ResolveAsync(new(actor, target, Via, outcome, comment), ct);

    public Task<CallList> ListAsync(CallFilter filter, CancellationToken ct) => gateway.Queries.ListAsync(actor, filter, ct);

    public async Task<CallView?> FindAsync(string target, CancellationToken ct) => await gateway.Queries.FindAsync(actor, target, ct);

    public async Task<string?> RunAsync(string callId, CancellationToken ct)
    {
        await gateway.Dispatcher.Start(callId).WaitAsync(ct);
        var call = await gateway.Queries.FindAsync(actor, callId, ct);
        return call?.Status != "approved" ? null
            : call.Deferred is { Why: var why } && why.StartsWith(Freeze.Word, StringComparison.Ordinal) ? why
            : call.Deferred is { } deferred ? $"{call.Server} is away: {deferred.Why}"
            : $"{call.Server} is not among the upstreams of these settings, as it was when the call was asked for";
    }

    public Task<FreezeAnswer> FreezeAsync(bool freeze, string? kind, string? name, string? comment, CancellationToken ct) => freeze
        ? gateway.FreezeHandler.FreezeAsync(new(actor, kind, name, comment, Via), ct)
        : gateway.FreezeHandler.UnfreezeAsync(new(actor, kind, name, comment, Via), ct);

    public async Task<FreezeList> FreezesAsync(CancellationToken ct) =>
        await gateway.FreezeHandler.ListAsync(actor, ct)
        ?? throw new DoorException("only operators and auditors may see what is frozen", AnswerCode.NotEligible.Exit);

    public Task<GrantAnswer> GrantAsync(string? tool, string? requester, int? times, string? until, string? when, string? comment, CancellationToken ct) =>
        gateway.GrantHandler.CreateAsync(new(actor, Via, tool, requester, times, until, when, comment), ct);

    public Task<GrantAnswer> RevokeGrantAsync(string id, string? comment, CancellationToken ct) => gateway.GrantHandler.RevokeAsync(actor, id, comment, Via, ct);

    public Task<GrantList> GrantsAsync(CancellationToken ct) => gateway.GrantHandler.ListAsync(actor, ct);

    public async Task<ToolList> ToolsAsync(CancellationToken ct) =>
        await gateway.PinHandler.ListAsync(actor, ct)
        ?? throw new DoorException("only operators and auditors may see the tools' pins", AnswerCode.NotEligible.Exit);

    public Task<PinAnswer> PinAsync(string name, string? expectedHash, string? comment, CancellationToken ct) =>
        gateway.PinHandler.PinAsync(new(actor, name, expectedHash, comment, Via), ct);

    public ValueTask DisposeAsync() => gateway.DisposeAsync();
}
