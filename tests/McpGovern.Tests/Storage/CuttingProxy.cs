using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace McpGovern.Tests.Storage;

/// <summary>Where the proxy cuts the connection that carries the armed words.</summary>
public enum Cut
{
    /// <summary>The words never reach the server.</summary>
    BeforeSending,

    /// <summary>The server has answered, and the answer is thrown away.</summary>
    BeforeTheAnswer,

    /// <summary>The client is cut off at once, and the server hears the words some time later.</summary>
    SentLate,
}

/// <summary>Stands between a store and its server, and loses one answer when told to.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private static readonly byte[] ReadyForQuery = [(byte)'Z', 0, 0, 0, 5, (byte)'I'];
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly int serverPort;
    private readonly Task accepting;
    private readonly ConcurrentDictionary<TcpClient, byte> clients = new();
    private (byte[] Words, Cut Cut)? armed;
    private volatile bool isDown;

    public CuttingProxy(int serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Cuts { get; private set; }

    /// <summary>The cut is followed by an outage, until <see cref="Restore"/>.</summary>
    public bool StaysDown { get; set; }

    /// <summary>Completed when late words have been said.</summary>
    public Task Late { get; private set; } = Task.CompletedTask;

    /// <summary>When late words are said, where the test wants to look before; else somewhat later.</summary>
    public Task? LateWhen { get; set; }

    public void Restore() => isDown = false;

    /// <summary>Cuts the next connection whose client says these words, once.</summary>
    public void Arm(string words, Cut cut) => armed = (Encoding.UTF8.GetBytes(words), cut);

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _ = CarryAsync(await listener.AcceptTcpClientAsync(closing.Token));
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        var server = new TcpClient();
        clients[client] = 0;
        try
        {
            if (isDown)
            {
                client.Close();
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, serverPort, closing.Token);
            var swallow = new StrongBox();
            var up = UpAsync(client.GetStream(), server.GetStream(), swallow);
            var down = DownAsync(server.GetStream(), client.GetStream(), swallow);
            if (await (await Task.WhenAny(up, down)) is { } late)
            {
                client.Close();
                Late = SayLateAsync(server, late, down);
                return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Whatever broke it, both sides are cut.
        }

        clients.TryRemove(client, out _);
        client.Close();
        server.Close();
    }

    // The cut is over, and whoever else is connected loses the server too.
    private void GoDown()
    {
        if (StaysDown)
        {
            isDown = true;
            foreach (var client in clients.Keys)
            {
                client.Close();
            }
        }
    }

    private async Task<byte[]?> UpAsync(NetworkStream from, NetworkStream to, StrongBox swallow)
    {
        var buffer = new byte[1 << 16];
        while (await from.ReadAsync(buffer, closing.Token) is > 0 and var count)
        {
            var said = buffer.AsMemory(0, count);
            if (armed is var (words, cut) && said.Span.IndexOf(words) >= 0)
            {
                (armed, Cuts) = (null, Cuts + 1);
                if (cut != Cut.BeforeTheAnswer)
                {
                    GoDown();
                    return cut == Cut.SentLate ? said.ToArray() : null;
                }

                swallow.IsSet = true;
            }

            await to.WriteAsync(said, closing.Token);
        }

        return null;
    }

    private async Task<byte[]?> DownAsync(NetworkStream from, NetworkStream to, StrongBox swallow)
    {
        var buffer = new byte[1 << 16];
        while (await from.ReadAsync(buffer, closing.Token) is > 0 and var count)
        {
            if (!swallow.IsSet)
            {
                await to.WriteAsync(buffer.AsMemory(0, count), closing.Token);
            }
            else if (buffer.AsSpan(0, count).EndsWith(ReadyForQuery))
            {
                GoDown();
                return null;
            }
        }

        return null;
    }

    private async Task SayLateAsync(TcpClient server, byte[] words, Task answered)
    {
        await (LateWhen ?? Task.Delay(400, closing.Token)).WaitAsync(closing.Token);
        await server.GetStream().WriteAsync(words, closing.Token);
        // There is nobody left to carry the answer to.
        await answered.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        server.Close();
    }

    private sealed class StrongBox
    {
        public volatile bool IsSet;
    }
}
