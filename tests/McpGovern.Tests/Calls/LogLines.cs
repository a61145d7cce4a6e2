using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace McpGovern.Tests.Calls;

/// <summary>Keeps what is logged, by event id.</summary>
internal sealed class LogLines : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(int Id, string Text)> lines = new();

    /// <summary>Called with every event's id, where it is logged.</summary>
    public Action<int> Seen { get; init; } = _ => { };

    public string[] Of(int eventId) => [.. lines.Where(line => line.Id == eventId).Select(line => line.Text)];

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lines.Enqueue((eventId.Id, formatter(state, exception)));
        Seen(eventId.Id);
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Dispose()
    {
    }
}
