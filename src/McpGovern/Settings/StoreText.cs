namespace McpGovern.Settings;

/// <summary>The forms of a store's connection text.</summary>
internal static class StoreText
{
    private const string Sqlite = "sqlite:";

    public static bool IsSqlite(string store) => store.StartsWith(Sqlite, StringComparison.Ordinal);

    /// <summary>The file of a SQLite store.</summary>
    public static string SqlitePath(string store) => store[Sqlite.Length..];

    public static string? Read(SettingKeys keys, string dataFolder)
    {
        if (!keys.Has("store"))
            return Sqlite + Path.Combine(dataFolder, "mcpgovern.db");
        const string Cure = "write sqlite:./mcpgovern.db, or a postgres:// address or connection string";
        var faults = keys.Faults("store");
        if (keys.Fields("store").Text("store", Cure) is not { } text || keys.Expand(text, keys.LineOf("store"), faults) is not { } store)
            return null;
        if (IsSqlite(store))
        {
            // sqlite:///srv/x.db is what other tools write for /srv/x.db.
            var path = SqlitePath(store) is ['/', '/', .. var rest] ? rest : SqlitePath(store);
            if (path.Length > 0 && !path.Contains(":memory:", StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal))
                return Sqlite + keys.Resolve("store", path);
            faults.Error(keys.LineOf("store"), "'store' names no file, and approvals have to outlive the process", Cure);
            return null;
        }
        if (store.StartsWith("postgres://", StringComparison.Ordinal) || store.StartsWith("postgresql://", StringComparison.Ordinal)
            || store.Split(';').Any(part => part.Split('=')[0].Trim().ToUpperInvariant() is "HOST" or "SERVER"))
            return store;
        // The text may hold a password, so it is not repeated.
        faults.Error(keys.LineOf("store"), "'store' is no kind of store that is known", Cure);
        return null;
    }
}
