using McpGovern.Policy;
using McpGovern.Settings;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>Takes up changed policy files, and ends the parked calls that would no longer be asked for as they were.</summary>
internal sealed partial class PolicyReloader(
    PolicySource policy, GovernedTools tools, GovernedLists lists, ICallStore store, CallStreams streams, ApprovalCheck check, CurrentDefinitions definitions, string scope,
    TimeProvider time, ILogger<PolicyReloader> log)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    // A new set is swept once; the store may be away just then.
    private bool sweepIsDue;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Pause, time);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(ct);
                await LookAsync(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                LogNotSwept(e.Message);
            }
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        var reload = policy.ReloadIfChanged();
        Tell(reload);
        if (reload.Changed)
        {
            sweepIsDue = true;
            tools.PolicyChanged();
            lists.PolicyChanged();
        }

        if (sweepIsDue)
        {
            await SweepAsync(ct);
            sweepIsDue = false;
        }
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        foreach (var row in await store.FindByStatusAsync(scope, "pending", int.MaxValue, ct))
        {
            try
            {
                await CompareAsync(row.CallId, ct);
            }
            catch (InvalidDataException e)
            {
                // Nothing can be approved there anyway, and the others have to be compared.
                LogUnreadable(row.CallId, e.Message);
            }
        }
    }

    private async Task CompareAsync(string callId, CancellationToken ct)
    {
        if (await streams.LoadAsync(callId, ct) is { State: CallState.Pending } call
            && definitions.Know(call.Known.Call)
            && check.MayJudge(call)
            && definitions.Of(call.Known.Call) is var (definition, gone)
            && await check.FindAsync(call, definition, gone, ct) is { } change)
        {
            LogInvalidated(call.Id, change.Detail);
            await check.InvalidateAsync(call, change, ct);
        }
    }

    private void Tell(ReloadResult reload)
    {
        foreach (var warning in reload.Warnings)
        {
            LogWarning(warning);
        }

        foreach (var error in reload.Errors)
        {
            LogError(error);
        }

        if (reload.Errors.Count > 0)
        {
            LogKept(policy.Current.Set.Digest);
        }
        else if (reload.Changed)
        {
            LogReloaded(policy.Current.Set.Digest);
        }
    }

    [LoggerMessage(2001, LogLevel.Information, "The policy was read again and is in force: {Digest}")]
    private partial void LogReloaded(string digest);

    [LoggerMessage(2002, LogLevel.Error, "{Diagnostic}")]
    private partial void LogError(Diagnostic diagnostic);

    [LoggerMessage(2003, LogLevel.Warning, "{Diagnostic}")]
    private partial void LogWarning(Diagnostic diagnostic);

    [LoggerMessage(2004, LogLevel.Error, "The changed policy is not taken up; the last good one stays in force: {Digest}")]
    private partial void LogKept(string digest);

    [LoggerMessage(2005, LogLevel.Warning, "{CallId} does not fit the new policy: {Detail}")]
    private partial void LogInvalidated(string callId, string detail);

    [LoggerMessage(2006, LogLevel.Warning, "Parked calls were not all compared with the new policy, which is tried again: {Why}")]
    private partial void LogNotSwept(string why);

    [LoggerMessage(2007, LogLevel.Error, "{CallId} cannot be read, and was not compared with the new policy: {Why}")]
    private partial void LogUnreadable(string callId, string why);
}
