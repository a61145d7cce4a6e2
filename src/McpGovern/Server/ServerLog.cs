using Microsoft.Extensions.Logging;

namespace McpGovern.Server;

/// <summary>What the doors log: never arguments, results, keys or message texts.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(6000, LogLevel.Information, "serving on {Address}")]
    public static partial void Serving(this ILogger log, string address);

    [LoggerMessage(6001, LogLevel.Error, "a call broke the gateway")]
    public static partial void CallBroke(this ILogger log, Exception e);

    [LoggerMessage(6002, LogLevel.Error, "the tools could not be listed")]
    public static partial void ListFailed(this ILogger log, Exception e);

    [LoggerMessage(6003, LogLevel.Debug, "a client missed that the tools changed: {Why}")]
    public static partial void AnnouncementLost(this ILogger log, string why);

    [LoggerMessage(6010, LogLevel.Warning, "stdin: a message of {Bytes} bytes was not served: {Why}")]
    public static partial void StdinRefused(this ILogger log, long bytes, string why);

    [LoggerMessage(6011, LogLevel.Information, "stdio session ends: {Why}")]
    public static partial void StdioEnds(this ILogger log, string why);

    [LoggerMessage(6012, LogLevel.Debug, "stdout is closed: {Why}")]
    public static partial void StdoutClosed(this ILogger log, string why);

    [LoggerMessage(6020, LogLevel.Warning, "refused {Method} {Path}: {Why}")]
    public static partial void RequestRefused(this ILogger log, string method, string path, string why);

    [LoggerMessage(6021, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger log, Exception e, string method, string path);

    [LoggerMessage(6022, LogLevel.Information, "session {Session} of {Actor} begins")]
    public static partial void SessionBegins(this ILogger log, string session, string actor);

    [LoggerMessage(6023, LogLevel.Information, "session {Session} of {Actor} ends: {Why}")]
    public static partial void SessionEnds(this ILogger log, string session, string actor, string why);

    [LoggerMessage(6024, LogLevel.Error, "session {Session} broke")]
    public static partial void SessionBroke(this ILogger log, Exception e, string session);

    [LoggerMessage(6025, LogLevel.Information, "session {Session} of {Actor} goes on here")]
    public static partial void SessionRestored(this ILogger log, string session, string actor);

    [LoggerMessage(6026, LogLevel.Warning, "session {Session} would not outlive this process: {Why}")]
    public static partial void SessionNotKept(this ILogger log, string session, string why);

    [LoggerMessage(6050, LogLevel.Warning, "the signing keys at {Host} cannot be had: {Why}")]
    public static partial void SigningKeysAway(this ILogger log, string host, string why);

    [LoggerMessage(6051, LogLevel.Information, "{CallId} is put to the client of {Actor} ({Mode})")]
    public static partial void Asked(this ILogger log, string callId, string actor, string mode);

    [LoggerMessage(6052, LogLevel.Information, "{CallId}: what its client was asked came to nothing: {Why}")]
    public static partial void AskFailed(this ILogger log, string callId, string why);

    [LoggerMessage(6030, LogLevel.Warning, "the store does not answer")]
    public static partial void StoreNotReady(this ILogger log, Exception e);
}
