namespace McpGovern.Cli;

/// <summary>What the verbs log.</summary>
internal static partial class CliLog
{
    [LoggerMessage(6900, LogLevel.Error, "The store is not available, so every call is refused until it is: {Why}")]
    public static partial void StoreAway(this ILogger log, string why);
}
