using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>
/// Looks again at a call whose dispatch is recorded: somebody may have frozen it meanwhile, and where its process has stalled since, another one
/// may have given it up and a person may have decided what became of it, or its approval may have run out.
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
        for (var looks = 0; ;)
        {
            if (since.IsOlderThan(Fresh, time))
            {
                if (looks++ == MaxLooks)
                {
                    return new("the process that was to send it stalls again and again");
                }

                since = Moment.Now(time);
                if (await AskAsync(() => LookAsync(call)) is { } hindrance)
                {
                    return hindrance;
                }
            }

            // Always: a freeze holds sooner than a stall is noticed.
            var frozen = await AskAsync(async () => await freezes.FindAsync(call.Known.Call, default) is { } freeze ? new(freeze.Why) : null);
            if (!since.IsOlderThan(Fresh, time))
            {
                return frozen;
            }
        }
    }

    private async Task<Hindrance?> LookAsync(LoadedCall call)
    {
        // First, so that nobody gives it up after it was looked at.
        await lease.EnsureAsync(default);
        if (await streams.LoadAsync(call.Id, default) is not { State: CallState.Dispatching { Task: null } now }
            || now.Owner != lease.ProcessId || now.Dispatch.Attempt != ((CallState.Dispatching)call.State).Dispatch.Attempt)
        {
            return new("it was given up before it was sent") { IsGivenUp = true };
        }

        return now.ValidUntil <= time.GetUtcNow() ? new("its approval ran out before it was sent") : null;
    }

    private static async Task<Hindrance?> AskAsync(Func<Task<Hindrance?>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is StoreUnavailableException or InvalidDataException)
        {
            return new($"the store does not say whether it may still be sent: {e.Message}");
        }
    }
}
