using System.Data.Common;
using Npgsql;

namespace McpGovern.Storage;

/// <summary>Reads the spellings of a PostgreSQL store: URLs and Npgsql connection strings.</summary>
internal static class PostgresText
{
    private const string Usage = "store: use postgres://user:password@host:port/database?sslmode=require or an Npgsql connection string";

    // For a whole session, whatever the role or the database has as its default.
    private const string Session =
        "-c synchronous_commit=on -c TimeZone=UTC -c statement_timeout=10s -c idle_in_transaction_session_timeout=10s";

    public static bool IsUrl(string store) =>
        store.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || store.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    public static bool IsConnectionString(string store)
    {
        try
        {
            var words = new DbConnectionStringBuilder { ConnectionString = store };
            return words.ContainsKey("host") || words.ContainsKey("server");
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <exception cref="FormatException">The text cannot be read; the message repeats no value, which might be the password.</exception>
    public static NpgsqlConnectionStringBuilder Read(string store)
    {
        var words = IsUrl(store) ? ReadUrl(store) : new() { ConnectionString = store };
        var settings = new NpgsqlConnectionStringBuilder { Timeout = 5, CommandTimeout = 12, MaxPoolSize = 20, MaxAutoPrepare = 32, TcpKeepAlive = true };
        foreach (string word in words.Keys)
        {
            try
            {
                settings[word] = words[word];
            }
            catch (Exception e) when (e is ArgumentException or FormatException or OverflowException or KeyNotFoundException or InvalidCastException)
            {
                throw new FormatException($"store: '{word}' is not a setting of a PostgreSQL connection, or its value is unfit");
            }
        }

        settings.Enlist = false;
        settings.ApplicationName ??= "mcpgovern";
        settings.Options = $"{Session} {settings.Options}".Trim();
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
        {
            // A standby may not know yet what was acknowledged.
            settings.TargetSessionAttributes = "primary";
        }

        return settings;
    }

    /// <summary>For people; without credentials.</summary>
    public static string Describe(NpgsqlConnectionStringBuilder settings) =>
        $"postgres://{settings.Host}{(settings.Port == NpgsqlConnection.DefaultPort ? "" : $":{settings.Port}")}/{settings.Database ?? settings.Username}";

    private static DbConnectionStringBuilder ReadUrl(string store)
    {
        if (!Uri.TryCreate(store, UriKind.Absolute, out var url))
        {
            throw new FormatException(Usage);
        }

        var words = new DbConnectionStringBuilder();
        Add("host", url.Host);
        Add("port", url.IsDefaultPort || url.Port < 0 ? "" : $"{url.Port}");
        Add("database", Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')));
        var user = url.UserInfo.Split(':', 2);
        Add("username", Uri.UnescapeDataString(user[0]));
        Add("password", user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "");
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            Add(NpgsqlWord(Uri.UnescapeDataString(parts[0])), parts.Length > 1 ? Uri.UnescapeDataString(parts[1].Replace('+', ' ')) : "");
        }

        return words;

        void Add(string word, string value)
        {
            if (value.Length > 0)
            {
                words[word] = word == "ssl mode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
            }
        }
    }

    // libpq's names, which URLs use, where Npgsql has others.
    private static string NpgsqlWord(string word) => word switch
    {
        "sslmode" => "ssl mode",
        "sslrootcert" => "root certificate",
        "sslcert" => "ssl certificate",
        "sslkey" => "ssl key",
        "connect_timeout" => "timeout",
        "application_name" => "application name",
        "user" => "username",
        "dbname" => "database",
        _ => word,
    };
}
