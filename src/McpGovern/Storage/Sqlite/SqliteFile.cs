using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace McpGovern.Storage;

/// <summary>The database file: how it is made, and how each connection to it is set up.</summary>
/// <param name="synchronous">SQLite's word; anything but <c>full</c> can lose what was acknowledged.</param>
internal sealed class SqliteFile(string path, string synchronous = "full")
{
    /// <summary>Marks the file as ours: "MCPG" as a number.</summary>
    public const string ApplicationId = "1296257095";

    public string Path { get; } = path;

    public static string Engine => raw.sqlite3_libversion().utf8_to_string();

    /// <summary>Below 3.51.3 a WAL can lose acknowledged commits when two connections checkpoint at once.</summary>
    public static string JournalFor(string version) =>
        Version.TryParse(version, out var v) && v >= new Version(3, 51, 3) ? "wal" : "truncate";

    /// <summary>Makes the file, and folders that are missing, for this user alone.</summary>
    public void Create()
    {
        if (File.Exists(Path))
        {
            return;
        }

        try
        {
            CreateFolder(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);
            // An existing file is never opened here: closing it would drop the locks that SQLite holds on it in this process.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            new FileStream(Path, options).Dispose();
        }
        catch (IOException) when (File.Exists(Path))
        {
            // Another process was quicker.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"cannot create {Path}: {e.Message}", e);
        }
    }

    public SqliteConnection OpenWriter() => Open($"pragma synchronous = {synchronous}; pragma fullfsync = on; pragma checkpoint_fullfsync = on;");

    // Not a read-only connection: after a crash the first reader has to roll back the journal that it finds.
    public SqliteConnection OpenReader() => Open("pragma query_only = on;");

    private SqliteConnection Open(string pragmas)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            // The library's own retry sleeps 150 ms at a time; with the shortest limit, our handler does the waiting.
            DefaultTimeout = 1,
        }.ConnectionString);
        try
        {
            connection.Open();
            SqliteWaiting.Install(connection);
            // Before anything that might change the file.
            RefuseForeign(connection);
            Scalar(connection, pragmas);
            SetJournal(connection);
            return connection;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_NOTADB)
        {
            connection.Dispose();
            throw new StoreRefusedException($"{Path} is not a SQLite database; name another file as the store", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void RefuseForeign(SqliteConnection connection)
    {
        var ours = Scalar(connection, "select (select application_id from pragma_application_id) = " + ApplicationId
            + " or ((select application_id from pragma_application_id) = 0 and not exists (select 1 from sqlite_master))");
        if (ours != "1")
        {
            throw new StoreRefusedException($"{Path} is the SQLite database of another program; name another file as the store");
        }
    }

    private void SetJournal(SqliteConnection connection)
    {
        var wanted = JournalFor(Engine);
        if (Scalar(connection, $"pragma journal_mode = {wanted}") is var got && got != wanted)
        {
            throw new StoreUnavailableException($"{Path}: the journal mode stays '{got}' and must be '{wanted}' for SQLite {Engine}");
        }
    }

    private static string? Scalar(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
