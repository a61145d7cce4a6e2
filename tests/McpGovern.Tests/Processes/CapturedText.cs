using System.Text;

namespace McpGovern.Tests.Processes;

/// <summary>What a process has written to one of its streams so far.</summary>
internal sealed class CapturedText
{
    private readonly StringBuilder text = new();

    private CapturedText() => Ended = Task.CompletedTask;

    /// <summary>Completes when the stream is closed by the last process that holds it.</summary>
    public Task Ended { get; private set; }

    public static CapturedText Of(StreamReader reader)
    {
        var captured = new CapturedText();
        captured.Ended = captured.ReadAsync(reader);
        return captured;
    }

    public override string ToString()
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        var buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            lock (text)
            {
                text.Append(buffer, 0, read);
            }
        }
    }
}
