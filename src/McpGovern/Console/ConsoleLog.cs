namespace McpGovern.ConsolePages;

/// <summary>What the pages log: never a key, a comment or arguments.</summary>
internal static partial class ConsoleLog
{
    [LoggerMessage(6040, LogLevel.Information, "{Actor} logs in from {Address}")]
    public static partial void LoggedIn(this ILogger log, string actor, string address);

    [LoggerMessage(6041, LogLevel.Warning, "a login from {Address} was refused: {Why}")]
    public static partial void LoginRefused(this ILogger log, string address, string why);

    [LoggerMessage(6042, LogLevel.Warning, "refused {Method} {Path}: {Why}")]
    public static partial void PageRefused(this ILogger log, string method, string path, string why);

    [LoggerMessage(6043, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void PageFailed(this ILogger log, Exception e, string method, string path);
}
