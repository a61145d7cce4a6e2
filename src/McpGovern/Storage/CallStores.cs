namespace McpGovern.Storage;

/// <summary>Picks the store that a setting's text names.</summary>
internal static class CallStores
{
    private const string Sqlite = "sqlite:";

    /// <param name="store"><c>sqlite:/absolute/path</c>, a <c>postgres://</c> URL, or an Npgsql connection string.</param>
    /// <exception cref="FormatException">The text names no store; it may hold a password, so the message does not repeat it.</exception>
    public static ICallStore Open(string store, TimeProvider time, ILoggerFactory logs)
    {
        var log = logs.CreateLogger("McpGovern.Storage");
        if (store.StartsWith(Sqlite, StringComparison.OrdinalIgnoreCase))
        {
            var path = store[Sqlite.Length..];
            return Path.IsPathFullyQualified(path)
                ? new SqliteCallStore(path, time, log)
                : throw new FormatException("store: a SQLite store is 'sqlite:' and the path of a file; ':memory:' would forget what it acknowledged");
        }

        return PostgresText.IsUrl(store) || PostgresText.IsConnectionString(store)
            ? new PostgresCallStore(PostgresText.Read(store), time, log)
            : throw new FormatException("store: unknown; use sqlite:PATH, postgres://user:password@host/database or an Npgsql connection string");
    }
}
