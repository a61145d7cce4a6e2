using System.Runtime.InteropServices;
using McpGovern.Calls;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Serves one client over stdin and stdout, and is gone within two seconds of its end, whatever is in flight.</summary>
internal sealed class StdioServe(McpFrontDoor door, LiveConnections live, StdioLife life, int maxMessageBytes, ILogger<StdioServe> log)
{
    // A client sends SIGTERM two seconds after it closed stdin, and the upstreams have to be let go of within them. What is in flight may
    // still answer for a moment: scripts pipe requests in and wait.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500), LastGrace = TimeSpan.FromMilliseconds(200);

    /// <summary>Takes stdout for MCP alone: what anything else writes to the console goes to stderr from here on.</summary>
    public static Stream TakeStdout()
    {
        var stdout = Console.OpenStandardOutput();
        Console.SetOut(Console.Error);
        return stdout;
    }

    /// <summary>Returns at the end of stdin or at SIGTERM; calls that were sent and have not answered go on to be recorded by whoever holds them.</summary>
    public async Task RunAsync(Actor actor, Stream input, Stream output)
    {
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopQuietly);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopQuietly);
        using var stop = new CancellationTokenSource();
        var transport = new StdioTransport(input, output, maxMessageBytes, life, log);
        transport.Probed = probe => StdioProbe.AnswerAsync(probe, transport, door.OptionsFor(actor));
        var server = McpServer.Create(transport, door.OptionsFor(actor));
        live.Add(server);
        try
        {
            var serving = server.RunAsync(stop.Token);
            _ = Task.Run(transport.ReadAsync, CancellationToken.None);
            await Task.WhenAny(serving, Task.Delay(Timeout.Infinite, life.Ending));
            await transport.DisposeAsync();
            await Task.WhenAny(serving, Task.Delay(Grace, CancellationToken.None));
            await stop.CancelAsync();
            await Task.WhenAny(serving, Task.Delay(LastGrace, CancellationToken.None));
            if (serving.Exception is { } broken)
            {
                log.SessionBroke(broken, "stdio");
            }
        }
        finally
        {
            live.Remove(server);
            life.End();
        }
    }

    private void StopQuietly(PosixSignalContext context)
    {
        context.Cancel = true;
        life.End();
    }
}
