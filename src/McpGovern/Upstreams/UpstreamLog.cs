using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>What is logged about upstreams; never arguments, results or secrets.</summary>
internal static partial class UpstreamLog
{
    [LoggerMessage(4000, LogLevel.Information, "upstream {Upstream}: starting {Command}, process {Pid}")]
    public static partial void Started(ILogger log, string upstream, string command, int pid);

    [LoggerMessage(4001, LogLevel.Information, "upstream {Upstream}: connected, protocol {Version}, {Tools} tools")]
    public static partial void Connected(ILogger log, string upstream, string? version, int tools);

    [LoggerMessage(4002, LogLevel.Warning, "upstream {Upstream}: not available, next try in {Delay}: {Reason}")]
    public static partial void Unavailable(ILogger log, string upstream, TimeSpan delay, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "upstream {Upstream}: connection ended: {Reason}")]
    public static partial void Ended(ILogger log, string upstream, string reason);

    [LoggerMessage(4004, LogLevel.Debug, "upstream {Upstream} stderr: {Line}")]
    public static partial void StandardError(ILogger log, string upstream, string line);

    [LoggerMessage(4005, LogLevel.Debug, "upstream {Upstream}: skipped {Bytes} bytes on its stdout that are no message: {Start}")]
    public static partial void Noise(ILogger log, string upstream, int bytes, string start);

    [LoggerMessage(4006, LogLevel.Warning, "upstream {Upstream}: ignored an answer to a request that does not wait (unknown, late or double)")]
    public static partial void UnknownAnswer(ILogger log, string upstream);

    [LoggerMessage(4007, LogLevel.Warning, "upstream {Upstream}: the tool list could not be read again: {Reason}")]
    public static partial void RefreshFailed(ILogger log, string upstream, string reason);

    [LoggerMessage(4008, LogLevel.Information, "upstream {Upstream}: its tools changed, {Tools} now")]
    public static partial void ToolsChanged(ILogger log, string upstream, int tools);

    [LoggerMessage(4009, LogLevel.Warning, "upstream {Upstream}: left out {Count} entries of its {List} that have no name, or one that is taken")]
    public static partial void BadEntries(ILogger log, string upstream, int count, string list);

    [LoggerMessage(4010, LogLevel.Warning, "upstream {Upstream}: process {Pid} had to be killed")]
    public static partial void Killed(ILogger log, string upstream, int pid);

    [LoggerMessage(4011, LogLevel.Warning, "upstream {Upstream}: closing failed")]
    public static partial void CloseFailed(ILogger log, string upstream, Exception exception);

    [LoggerMessage(4012, LogLevel.Debug, "upstream {Upstream}: did not take the probe for the modern era, trying initialize: {Reason}")]
    public static partial void ProbeFailed(ILogger log, string upstream, string reason);

    [LoggerMessage(4013, LogLevel.Warning, "upstream {Upstream}: progress of a call could not be passed on")]
    public static partial void ProgressFailed(ILogger log, string upstream, Exception exception);

    [LoggerMessage(4014, LogLevel.Debug, "upstream {Upstream}: could not be told of a cancellation: {Reason}")]
    public static partial void CancelNotTold(ILogger log, string upstream, string reason);

    [LoggerMessage(4015, LogLevel.Information, "upstream {Upstream}: its {List} changed")]
    public static partial void ListChanged(ILogger log, string upstream, string list);

    [LoggerMessage(4016, LogLevel.Warning, "upstream {Upstream}: could not be told which resources are listened to: {Reason}")]
    public static partial void NotSubscribed(ILogger log, string upstream, string reason);

    [LoggerMessage(4017, LogLevel.Debug, "upstream {Upstream}: its {Method} was not relayed: {Reason}")]
    public static partial void NotAsked(ILogger log, string upstream, string method, string reason);

    [LoggerMessage(4018, LogLevel.Debug, "upstream {Upstream}: could not be given the answer to its {Method}: {Reason}")]
    public static partial void ReplyLost(ILogger log, string upstream, string method, string reason);

    [LoggerMessage(4019, LogLevel.Debug, "upstream {Upstream}: does not let us listen for changes: {Reason}")]
    public static partial void NoSubscription(ILogger log, string upstream, string reason);

    [LoggerMessage(4020, LogLevel.Information, "upstream {Upstream}: its credentials changed, and it is started or reached anew")]
    public static partial void CredentialsChanged(ILogger log, string upstream);

    [LoggerMessage(4040, LogLevel.Warning, "upstream {Upstream}: nobody ends its process if this one is killed: {Reason}")]
    public static partial void Unguarded(ILogger log, string upstream, string reason);
}
