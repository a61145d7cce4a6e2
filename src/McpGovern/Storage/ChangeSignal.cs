namespace McpGovern.Storage;

/// <summary>Wakes everybody who waits for a change; a change between two waits of one cursor is seen by the second.</summary>
internal sealed class ChangeSignal(TimeProvider time)
{
    private readonly Lock gate = new();
    private long generation = 1;
    private TaskCompletionSource next = NewSource();

    public void Pulse()
    {
        TaskCompletionSource woken;
        lock (gate)
        {
            generation++;
            woken = next;
            next = NewSource();
        }

        woken.SetResult();
    }

    public async Task WaitAsync(StoreCursor cursor, TimeSpan atMost, CancellationToken ct)
    {
        Task changed;
        lock (gate)
        {
            if (cursor.Seen != generation)
            {
                cursor.Seen = generation;
                return;
            }

            changed = next.Task;
        }

        try
        {
            await changed.WaitAsync(atMost, time, ct);
        }
        catch (TimeoutException)
        {
            // Nothing was seen to change in time, which is an answer too.
        }

        lock (gate)
        {
            cursor.Seen = generation;
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
