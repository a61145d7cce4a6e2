using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace McpGovern.Storage;

/// <summary>The process's one writer: everything that waits goes into one transaction, and nobody is answered before it is durable.</summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int MaxGroup = 256, MaxWaiting = 4096;
    private readonly Channel<Write> queue = Channel.CreateBounded<Write>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly SqliteFile file;
    private readonly ChangeSignal changed;
    private readonly Action<Exception> report;
    private readonly Task loop;
    private SqliteSession? session;

    public SqliteWriter(SqliteFile file, ChangeSignal changed, Action<Exception> report)
    {
        (this.file, this.changed, this.report) = (file, changed, report);
        // SQLite blocks, so it has a thread of its own.
        loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Once it is queued it is not called back: the answer is always what became of it.</summary>
    public async Task<T> WriteAsync<T>(Func<SqliteSession, T> write, CancellationToken ct)
    {
        var queued = new Write<T>(write, ct);
        try
        {
            await queue.Writer.WriteAsync(queued, ct);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreUnavailableException($"{file.Path} is closed", e);
        }

        return await queued.Answer;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop;
    }

    private void Run()
    {
        try
        {
            var group = new List<Write>();
            while (queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                group.Clear();
                while (group.Count < MaxGroup && queue.Reader.TryRead(out var write))
                {
                    group.Add(write);
                }

                CommitGroup(group);
            }

            session?.Dispose();
        }
        catch (Exception e)
        {
            // A bug in this class: nobody may wait for ever for a writer that is gone.
            queue.Writer.TryComplete(e);
            while (queue.Reader.TryRead(out var write))
            {
                write.Fail(new StoreUnavailableException($"{file.Path}: the writer failed", e) { InDoubt = true });
            }

            report(e);
        }
    }

    private void CommitGroup(List<Write> group)
    {
        var committing = false;
        try
        {
            session ??= new(file);
            session.Begin();
            group.ForEach(write => RunOne(session, write));
            committing = true;
            session.Commit();
        }
        catch (Exception e)
        {
            GiveUp(group, e, inDoubt: committing && MayHaveHappened(e));
            return;
        }

        group.ForEach(write => write.Complete());
        changed.Pulse();
        if (session.WasContended)
        {
            // Another process waits in short sleeps; without a gap it would wait for the end of our queue.
            Thread.Sleep(2);
        }
    }

    // A conflict or a fault of one's own fails only itself; a fault of the file fails the group.
    private static void RunOne(SqliteSession session, Write write)
    {
        session.Control("savepoint one");
        if (!write.TryRun(session))
        {
            session.Control("rollback to one");
        }

        session.Control("release one");
    }

    // A commit that another process stood in the way of, or that found no room, has not come to its point.
    private static bool MayHaveHappened(Exception e) =>
        e is not SqliteException { SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_FULL or raw.SQLITE_READONLY };

    private void GiveUp(List<Write> group, Exception e, bool inDoubt)
    {
        var told = e is StoreUnavailableException or StoreRefusedException ? e
            : new StoreUnavailableException($"{file.Path}: {StoreFault.Text(e)}", e) { InDoubt = inDoubt };
        // A connection that failed to write is not trusted with the next group.
        var failed = session;
        session = null;
        failed?.Rollback();
        group.ForEach(write => write.Fail(told));
        failed?.Dispose();
        report(e);
    }

    private abstract class Write
    {
        /// <summary>Whether what it wrote stays.</summary>
        public abstract bool TryRun(SqliteSession session);

        public abstract void Complete();

        public abstract void Fail(Exception e);
    }

    private sealed class Write<T>(Func<SqliteSession, T> write, CancellationToken ct) : Write
    {
        private readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? result;
        private Exception? fault;

        public Task<T> Answer => answer.Task;

        public override bool TryRun(SqliteSession session)
        {
            try
            {
                ct.ThrowIfCancellationRequested();
                result = write(session);
                return true;
            }
            catch (Exception e) when (e is not SqliteException { SqliteErrorCode: not raw.SQLITE_CONSTRAINT })
            {
                fault = e is SqliteException ? new StoreUnavailableException(e.Message, e) : e;
                return false;
            }
        }

        public override void Complete()
        {
            if (fault is null)
            {
                answer.SetResult(result!);
            }
            else
            {
                answer.SetException(fault);
            }
        }

        public override void Fail(Exception e) => answer.SetException(fault ?? e);
    }
}
