using Microsoft.Data.Sqlite;
using Npgsql;
using SQLitePCL;

namespace McpGovern.Storage;

/// <summary>What a store's own words leave out: what to do. It works again as soon as that is done, without a restart.</summary>
internal static class StoreFault
{
    private const string Disk = "; look at its disk, and at the system's log", Room = "; make room on its disk";

    public static string Text(Exception e) => e.Message + e switch
    {
        SqliteException { SqliteErrorCode: raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM } =>
            "; let this user write the file and its folder, and see that their file system is not read-only",
        SqliteException { SqliteErrorCode: raw.SQLITE_FULL } => Room,
        SqliteException { SqliteErrorCode: raw.SQLITE_IOERR } => Disk,
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } =>
            "; it takes no writes: name the primary server, or lift default_transaction_read_only",
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => Room,
        PostgresException { SqlState: PostgresErrorCodes.IoError } => Disk,
        _ => "",
    };
}
