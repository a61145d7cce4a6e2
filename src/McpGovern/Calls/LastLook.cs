using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>
/// Looks again at a call whose dispatch is recorded, where its process has stalled since: meanwhile another one may have given it up and a
/// person may have decided what became of it, somebody may have frozen it, or its approval may have run out.
/// </summary>
internal sealed class LastLook(CallStreams streams, Freezes freezes, LeaseKeeper lease, TimeProvider time)
{
    private const int MaxLooks = 5;

    /// <summary>Within it nobody takes the process for dead: what was looked at before its lease was seen to stand is still so.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    /// <param name="since">When it was last looked at.</param>
    /// <returns>Why it must not be sent, or <c>null</c>.</returns>
    public async Task<Hindrance?> FindAsync(LoadedCall call, Moment since)
    {
        for (var looks = 0; since.IsOlderThan(Fresh, time); looks++)
        {
            if (looks == MaxLooks)
            {
                return new("the process that was to send it stalls again and again");
            }

            since = Moment.Now(time);
            if (await LookAsync(call) is { } hindrance)
            {
                return hindrance;
            }
        }

        return null;
    }

    private async Task<Hindrance?> LookAsync(LoadedCall call)
    {
        try
        {
            // First, so that nobody gives it up after it was looked at.
            await lease.EnsureAsync(default);
            if (await streams.LoadAsync(call.Id, default) is not { State: CallState.Dispatching { Task: null } now }
                || now.Owner != lease.ProcessId || now.Dispatch.Attempt != ((CallState.Dispatching)call.State).Dispatch.Attempt)
            {
                return new("it was given up before it was sent") { IsGivenUp = true };
            }

            return now.ValidUntil <= time.GetUtcNow() ? new("its approval ran out before it was sent")
                : await freezes.FindAsync(now.Call, default) is { } freeze ? new(freeze.Why)
                : null;
        }
        catch (Exception e) when (e is StoreUnavailableException or InvalidDataException)
        {
            return new($"the store does not say whether it may still be sent: {e.Message}");
        }
    }
}
