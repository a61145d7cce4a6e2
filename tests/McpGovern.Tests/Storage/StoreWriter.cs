using System.Diagnostics;
using System.Runtime.InteropServices;
using McpGovern.Calls;
using McpGovern.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Storage;

/// <summary>A second process that decides calls: <c>store-writer STORE decide|blind|lease|fill ME CALL...</c>. It waits for a line before it writes.</summary>
internal static class StoreWriter
{
    /// <summary>How many calls <c>fill</c> appends once the store is there again.</summary>
    public const int FillAfter = 5;

    private const int SigXfsz = 25;

    public static async Task<int> RunAsync(string[] args)
    {
        var (storeText, mode, me, callIds) = (args[0], args[1], args[2], args[3..]);
        await using var store = CallStores.Open(storeText, TimeProvider.System, NullLoggerFactory.Instance);
        var histories = new Dictionary<string, IReadOnlyList<CallEvent>>();
        foreach (var callId in callIds)
        {
            histories[callId] = (await store.LoadAsync(callId, default))!.Events;
        }

        if (mode == "fill" && OperatingSystem.IsLinux())
        {
            // Without a handler, a file at its limit would end the process; with one, the write fails.
            _ = PosixSignalRegistration.Create((PosixSignal)SigXfsz, context => context.Cancel = true);
        }

        if (mode == "lease")
        {
            var lease = ProcessLease.Current(TimeProvider.System);
            await store.RenewLeaseAsync(lease, TimeSpan.FromHours(1), default);
            await store.RecordAsync(callIds[0], TestCalls.Dispatch(lease.Id));
        }

        await Console.Out.WriteLineAsync("ready");
        await Console.In.ReadLineAsync();
        if (mode == "fill")
        {
            await FillAsync(store);
            return 0;
        }

        var recorded = 0;
        foreach (var callId in mode == "lease" ? [] : callIds)
        {
            var done = mode == "decide" ? await store.RecordAsync(callId, TestCalls.Approve(me)) : await BlindlyAsync(store, callId, histories[callId], me);
            recorded += done ? 1 : 0;
        }

        await Console.Out.WriteLineAsync(recorded.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    }

    /// <summary>Appends until the store fails, and, told to go on, some more; says what was acknowledged.</summary>
    private static async Task FillAsync(ICallStore store)
    {
        for (var left = int.MaxValue; left > 0; left--)
        {
            try
            {
                var parked = TestCalls.Park(with: c => c with { Arguments = $"\"{new string('x', 20_000)}\"" });
                await store.AppendAsync(parked, default);
                await Console.Out.WriteLineAsync(parked.CallId);
            }
            catch (StoreUnavailableException)
            {
                await Console.Out.WriteLineAsync("unavailable");
                await Console.In.ReadLineAsync();
                left = FillAfter + 1;
            }
        }
    }

    /// <summary>The bug that the expected version prevents: a lost race is answered by appending the same decision further down.</summary>
    private static async Task<bool> BlindlyAsync(ICallStore store, string callId, IReadOnlyList<CallEvent> history, string me)
    {
        var append = TestCalls.Decide(callId, history, TestCalls.Approve(me));
        while (await store.AppendAsync(append, default) is not AppendResult.Appended)
        {
            var version = (await store.LoadAsync(callId, default))!.Version;
            append = append with { ExpectedVersion = version, Row = append.Row with { Version = version + 1 } };
        }

        return true;
    }

    /// <summary>Starts the program and returns when it is ready to write.</summary>
    public static async Task<Process> StartAsync(params string[] args)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList = { typeof(StoreWriter).Assembly.Location, "store-writer" },
            // So that a limit on file sizes is an error of a write, and not the end of the runtime.
            Environment = { ["DOTNET_EnableWriteXorExecute"] = "0" },
        };
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        var process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        return process;
    }

    /// <summary>Lets a ready program write, and returns how many decisions it recorded.</summary>
    public static async Task<int> GoAsync(Process process)
    {
        await process.StandardInput.WriteLineAsync("go");
        var recorded = await process.StandardOutput.ReadLineAsync();
        await process.WaitForExitAsync();
        return int.Parse(recorded!, System.Globalization.CultureInfo.InvariantCulture);
    }
}
