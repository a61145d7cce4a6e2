namespace McpGovern.Storage;

/// <summary>What must be true of an append before anything is written, the same for both stores.</summary>
internal static class AppendCheck
{
    /// <summary>The events' stored form.</summary>
    /// <exception cref="ArgumentException">The append contradicts itself or cannot be stored.</exception>
    public static StoredEvent[] Check(Append append)
    {
        var row = append.Row;
        if (append.Events.Count == 0 || row.CallId != append.CallId || row.Version != append.ExpectedVersion + append.Events.Count)
        {
            throw new ArgumentException($"an append to {append.CallId} needs events, and the row that follows from them", nameof(append));
        }

        // Only the texts matter here, and those are the same in every dialect.
        foreach (var (name, value) in CallRowSql.Values(row, SqliteDialect.Instance))
        {
            StorableText.Check(value as string, name);
        }

        return [.. append.Events.Select(e => new StoredEvent(e.Id, EventTypes.AliasOf(e.Event.GetType()), EventTypes.Write(e.Event),
            EventTypes.DotNetTypeOf(e.Event.GetType())))];
    }
}

/// <summary>An event as a row.</summary>
internal sealed record StoredEvent(Guid Id, string Type, string Data, string DotNetType);
