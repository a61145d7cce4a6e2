using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Storms;

/// <summary>Clients break their connections while they wait for a decision: the calls stay, nothing is held for them, and a later client gets the results.</summary>
internal sealed class VanishedClientsStorm(string engine) : Storm
{
    private const string WaitIsCall = "the end of a wait ends its call", WaitStays = "a wait stays when its client is gone";
    private const int Round = 20, MostMoreFiles = 40, MostMoreThreads = 30, Fetched = 5;

    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";

    public override string Name => $"clients that vanish while they wait, {engine}";
    public override string Unit => "clients";
    public override int Full => 1_000;
    public override IReadOnlyList<(string, int)> Controls => [(WaitIsCall, 2 * Round), (WaitStays, 5 * Round)];

    public override string? WhyNot() => !OperatingSystem.IsLinux() ? "open files are counted as Linux has them" : engine == "postgres" ? PostgresStorms.WhyNot() : null;

    public override async Task RunAsync(Tally tally, int count, Random random, string? bug)
    {
        await using var world = await CrashWorld.CreateAsync(engine, TimeSpan.Zero);
        await using var serving = await GovernProcess.ServeAsync(world.Settings, args: ["--hold", "50s"]);
        var session = await OpenSessionAsync(serving);
        var (files, threads) = (0, 0);
        var open = new List<Socket>();
        while (tally.Done < count)
        {
            var (before, some) = (tally.Done, Math.Min(Round, count - tally.Done));
            var sockets = await Task.WhenAll(Enumerable.Range(before, some).Select(n => AskAsync(serving, session, $"pay-{n}")));
            // Some leave before their call is parked, most of them after.
            await Eventually.TrueAsync(async () => (await world.IdsAsync("pending")).Count >= before + some - random.Next(3), () => $"the calls are not parked: {serving.Process.Errors}");
            if (bug != WaitStays || before == 0)
            {
                Array.ForEach(sockets, socket => socket.Close(0));
            }
            else
            {
                open.AddRange(sockets);
            }

            await Eventually.TrueAsync(async () => (await world.IdsAsync("pending")).Count >= before + some, () => $"the last calls were not parked: {serving.Process.Errors}");
            tally.Count(some);
            if (before == 0)
            {
                // After the first round everything is warm.
                await Task.Delay(1000, CancellationToken.None);
                (files, threads) = (Count(serving, "fd"), Count(serving, "task"));
            }
        }

        if (bug == WaitIsCall)
        {
            // As a gateway would for which whoever leaves takes the call along: for one of them all.
            using var agent = new RestDecider(serving.Address, CrashWorld.Agent);
            await agent.AskAsync("cancel", (await world.IdsAsync("pending"))[random.Next(tally.Done)]);
        }

        await JudgeAsync(world, serving, tally, files, threads);
        open.ForEach(socket => socket.Dispose());
    }

    private static async Task JudgeAsync(CrashWorld world, ServingProcess serving, Tally tally, int files, int threads)
    {
        var pending = await world.IdsAsync("pending");
        if (pending.Count != tally.Done)
        {
            tally.Violation($"{tally.Done} clients left, and {pending.Count} calls wait");
            return;
        }

        var (moreFiles, moreThreads) = (int.MaxValue, int.MaxValue);
        for (var i = 0; i < 50 && (moreFiles > MostMoreFiles || moreThreads > MostMoreThreads); i++)
        {
            await Task.Delay(200);
            (moreFiles, moreThreads) = (Count(serving, "fd") - files, Count(serving, "task") - threads);
        }

        tally.Note("more open files", Math.Max(0, moreFiles));
        tally.Note("more threads", Math.Max(0, moreThreads));
        if (moreFiles > MostMoreFiles || moreThreads > MostMoreThreads)
        {
            tally.Violation($"after {tally.Done} vanished clients there are {moreFiles} more open files and {moreThreads} more threads");
        }

        using var alice = new RestDecider(serving.Address, "alice");
        var chosen = pending.Take(Fetched).ToArray();
        foreach (var callId in chosen)
        {
            await alice.ApproveAsync(callId);
        }

        await using var later = AgentClient.Launch(world.Settings);
        await later.ConnectAsync();
        foreach (var callId in chosen)
        {
            var heard = await later.FetchAsync(callId, waitSeconds: 50);
            if (heard is not { Status: "succeeded" or null } || !Journal.HasPaid(await world.PaymentOfAsync(callId), heard))
            {
                tally.Violation($"the result of {callId} cannot be fetched: {heard}");
            }
        }
    }

    private static int Count(ServingProcess serving, string what) =>
        Directory.GetFileSystemEntries($"/proc/{serving.Process.Id}/{what}").Length;

    private static async Task<string> OpenSessionAsync(ServingProcess serving)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, serving.McpEndpoint) { Content = new StringContent(Initialize, Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", CrashWorld.KeyOf(CrashWorld.Agent));
        using var answer = await http.SendAsync(request);
        return answer.Headers.GetValues("Mcp-Session-Id").Single();
    }

    private static async Task<Socket> AskAsync(ServingProcess serving, string session, string payment)
    {
        var body = $$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"submit","arguments":{"payment_id":"{{{payment}}}","amount":1,"currency":"EUR"} } }""";
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, serving.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(string.Join("\r\n",
            "POST /mcp HTTP/1.1", $"Host: {serving.Address.Authority}", $"Authorization: Bearer {CrashWorld.KeyOf(CrashWorld.Agent)}", $"Mcp-Session-Id: {session}",
            "Content-Type: application/json", "Accept: application/json, text/event-stream", $"Content-Length: {body.Length}", "", body)));
        return socket;
    }
}
