namespace McpGovern.Storage;

/// <summary>What the stores log; events 5000 to 5999.</summary>
internal static partial class StorageLog
{
    [LoggerMessage(5000, LogLevel.Information, "Store {Store}: {Engine}")]
    public static partial void Opened(ILogger log, string store, string engine);

    [LoggerMessage(5001, LogLevel.Error, "Store {Store}: call {CallId} cannot be read and stays closed: {Fault}")]
    public static partial void Unreadable(ILogger log, string store, string callId, string fault);

    [LoggerMessage(5002, LogLevel.Error, "Store {Store}: a write failed, its callers were told so")]
    public static partial void WriteFailed(ILogger log, Exception e, string store);

    [LoggerMessage(5003, LogLevel.Warning, "Store {Store}: server setting {Setting} is off, so acknowledged records can be lost when the machine fails")]
    public static partial void NotDurable(ILogger log, string store, string setting);

    [LoggerMessage(5004, LogLevel.Warning, "Store {Store}: cannot listen for changes, polling instead: {Fault}")]
    public static partial void NotListening(ILogger log, string store, string fault);

    [LoggerMessage(5005, LogLevel.Warning, "Store {Store}: the answer to an append was lost, asking again: {Fault}")]
    public static partial void AskedAgain(ILogger log, string store, string fault);
}
