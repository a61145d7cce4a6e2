using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>Whatever is logged of an upstream, its credentials are not in it.</summary>
internal sealed class MaskingLogger(ILogger inner, CredentialMask mask) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (mask.IsEmpty || !IsEnabled(logLevel))
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
            return;
        }

        var (text, thrown) = (formatter(state, exception), exception?.ToString());
        var (shown, told) = (mask.Of(text), mask.OfAny(thrown));
        if (shown == text && told == thrown)
            inner.Log(logLevel, eventId, state, exception, formatter);
        else
            inner.Log(logLevel, eventId, told is null ? shown : $"{shown}: {told}", null, static (line, _) => line);
    }
}
