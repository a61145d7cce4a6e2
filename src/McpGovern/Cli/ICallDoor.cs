using McpGovern.Calls;

namespace McpGovern.Cli;

/// <summary>How the verbs reach the calls: in the store itself, or over a server's REST.</summary>
internal interface ICallDoor : IAsyncDisposable
{
    Task<DecisionAnswer> DecideAsync(string target, string decision, string? nodeId, string? comment, string? expectedHash, CancellationToken ct);

    /// <summary>Several decisions, as JSON that <c>POST /api/v1/decisions</c> takes too.</summary>
    Task<DecidedBatch> DecideAllAsync(byte[] json, CancellationToken ct);

    Task<DecisionAnswer> CancelAsync(string target, string? reason, CancellationToken ct);

    Task<DecisionAnswer> ResolveAsync(string target, string? outcome, string? comment, CancellationToken ct);

    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    Task<CallList> ListAsync(CallFilter filter, CancellationToken ct);

    /// <summary>The call with its result, or <c>null</c>.</summary>
    Task<CallView?> FindAsync(string target, CancellationToken ct);

    /// <summary>Runs an approved call now and waits for its end, where this door can.</summary>
    /// <returns>Why it could not be run here, or <c>null</c>.</returns>
    Task<string?> RunAsync(string callId, CancellationToken ct);

    /// <summary>Freezes, or lets go.</summary>
    Task<FreezeAnswer> FreezeAsync(bool freeze, string? kind, string? name, string? comment, CancellationToken ct);

    Task<FreezeList> FreezesAsync(CancellationToken ct);

    Task<GrantAnswer> GrantAsync(string? tool, string? requester, int? times, string? until, string? when, string? comment, CancellationToken ct);

    Task<GrantAnswer> RevokeGrantAsync(string id, string? comment, CancellationToken ct);

    Task<GrantList> GrantsAsync(CancellationToken ct);

    /// <summary>The tools that were seen, with their pins.</summary>
    Task<ToolList> ToolsAsync(CancellationToken ct);

    Task<PinAnswer> PinAsync(string name, string? expectedHash, string? comment, CancellationToken ct);
}

/// <summary>The verb cannot be carried out; the message is for people.</summary>
internal sealed class DoorException(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
