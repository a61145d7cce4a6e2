namespace McpGovern.Calls;

/// <summary>So many places, taken in the order in which they were asked for.</summary>
internal sealed class Lane
{
    private const int Width = 16;

    private readonly Lock gate = new();
    private readonly Queue<TaskCompletionSource<IDisposable?>> waiting = new();
    private int free = Width;
    private bool isClosed;

    public bool IsCrowded
    {
        get
        {
            lock (gate)
            {
                return waiting.Count > 0;
            }
        }
    }

    public IDisposable? TryEnter()
    {
        lock (gate)
        {
            return free == 0 ? null : Take();
        }
    }

    public Task<IDisposable?> EnterAsync()
    {
        lock (gate)
        {
            if (free > 0 || isClosed)
            {
                return Task.FromResult<IDisposable?>(isClosed ? null : Take());
            }

            var turn = new TaskCompletionSource<IDisposable?>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void Close()
    {
        lock (gate)
        {
            isClosed = true;
            while (waiting.TryDequeue(out var turn))
            {
                turn.SetResult(null);
            }
        }
    }

    private Place Take()
    {
        free--;
        return new(this);
    }

    private void Leave()
    {
        lock (gate)
        {
            if (waiting.TryDequeue(out var next))
            {
                next.SetResult(new Place(this));
            }
            else
            {
                free++;
            }
        }
    }

    private sealed class Place(Lane lane) : IDisposable
    {
        public void Dispose() => lane.Leave();
    }
}
