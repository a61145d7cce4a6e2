using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace McpGovern.Storage;

/// <summary>The one connection that writes, with its statements kept ready.</summary>
internal sealed class SqliteSession(SqliteFile file) : IDisposable
{
    private const int MaxKept = 64;
    private readonly SqliteConnection connection = file.OpenWriter();
    private readonly Dictionary<string, SqliteCommand> ready = [];

    /// <summary>Whether another process held the lock when it was last asked for.</summary>
    public bool WasContended { get; private set; }

    public int Execute(SqlText text) => Command(text).ExecuteNonQuery();

    public T? First<T>(SqlText text, Func<DbDataReader, T> read) where T : class
    {
        using var reader = Command(text).ExecuteReader();
        return reader.Read() ? read(reader) : null;
    }

    public void Begin(string kind = "immediate") => Locking($"begin {kind}");

    /// <summary>Without a write-ahead log this waits for readers; new ones wait meanwhile, so it comes to an end.</summary>
    public void Commit() => Locking("commit");

    public void Rollback() => raw.sqlite3_exec(connection.Handle, "rollback");

    public void Control(string statement) => Check(raw.sqlite3_exec(connection.Handle, statement));

    public void Dispose()
    {
        foreach (var command in ready.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }

    private void Locking(string statement)
    {
        var waited = SqliteWaiting.Steps;
        Control(statement);
        WasContended = SqliteWaiting.Steps > waited;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(connection.Handle).utf8_to_string(), code, raw.sqlite3_extended_errcode(connection.Handle));
        }
    }

    private SqliteCommand Command(SqlText text)
    {
        if (!ready.TryGetValue(text.Text, out var command))
        {
            if (ready.Count == MaxKept)
            {
                // Only statements of changing length come to so many.
                foreach (var old in ready.Values)
                {
                    old.Dispose();
                }

                ready.Clear();
            }

            command = connection.CreateCommand();
            text.ApplyTo(command);
            ready.Add(text.Text, command);
            return command;
        }

        for (var i = 0; i < text.Parameters.Length; i++)
        {
            command.Parameters[i].Value = text.Parameters[i].Value ?? DBNull.Value;
        }

        return command;
    }
}
