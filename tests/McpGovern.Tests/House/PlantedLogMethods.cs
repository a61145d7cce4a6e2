using Microsoft.Extensions.Logging;

namespace McpGovern.Storage;

/// <summary>Three faults in log event ids, for the test of the test.</summary>
internal static partial class PlantedLogMethods
{
    [LoggerMessage(4001, LogLevel.Debug, "an upstream's number in the store")]
    public static partial void First(ILogger logger);

    [LoggerMessage(LogLevel.Debug, "no number")]
    public static partial void WithoutId(ILogger logger);
}

internal static partial class MorePlantedLogMethods
{
    [LoggerMessage(4001, LogLevel.Debug, "the same number again")]
    public static partial void Second(ILogger logger);
}
