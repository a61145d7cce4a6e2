using System.Globalization;
using System.Runtime.InteropServices;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Torture;

/// <summary>
/// A process that writes to a store and says on stdout what was acknowledged: <c>writer STORE CALLS SEED [early]</c>. Each line is
/// <c>ack CALL VERSION</c>, or <c>refused</c>. With <c>early</c> it has the bug of acknowledging a park before it is durable, with <c>normal</c>
/// that of trusting SQLite's <c>synchronous=NORMAL</c>.
/// </summary>
internal static class Writer
{
    public const string Early = "early", Normal = "normal";

    /// <summary>Its last line, if it comes to that.</summary>
    public const string Done = "done";

    private const int SigXfsz = 25;

    public static async Task<int> RunAsync(string[] args)
    {
        var (text, calls, seed, bug) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture), args.ElementAtOrDefault(3));
        var random = new Random(seed);
        var opened = bug == Normal ? new SqliteCallStore(text["sqlite:".Length..], TimeProvider.System, NullLogger.Instance, synchronous: Normal)
            : CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance);
        await using ICallStore store = bug == Early ? new HastyStore(opened, nameof(ToolApprovalRequired)) : opened;
        // Without a handler, a file at its limit would end the process; with one, the write fails.
        using var limit = OperatingSystem.IsLinux() ? PosixSignalRegistration.Create((PosixSignal)SigXfsz, context => context.Cancel = true) : null;
        await SayAsync("ready");
        for (var i = 0; i < calls; i++)
        {
            var park = TestCalls.Park(with: call => call with { Arguments = $"\"{new string('x', random.Next(1, 6000))}\"" });
            if (!await TryAsync(store, park))
            {
                continue;
            }

            IReadOnlyList<CallEvent> history = TestCalls.EventsOf(park);
            foreach (var command in (CallCommand[])[TestCalls.Approve("alice"), TestCalls.Dispatch(), Finish()])
            {
                if (random.Next(3) == 0 || TestCalls.TryDecide(park.CallId, history, command) is not { } append)
                {
                    break;
                }

                if (!await TryAsync(store, append with { Result = command is CallCommand.Finish ? new("result", new byte[random.Next(1, 3000)], TestCalls.Noon) : null }))
                {
                    break;
                }

                history = [.. history, .. TestCalls.EventsOf(append)];
            }
        }

        await SayAsync(Done);
        return 0;
    }

    /// <summary>What must be in the store, by call, after these lines were read.</summary>
    public static IReadOnlyDictionary<string, long> Acknowledged(IEnumerable<string> lines) => lines
        .Select(line => line.Split(' ')).Where(words => words is ["ack", _, _])
        .GroupBy(words => words[1]).ToDictionary(g => g.Key, g => g.Max(words => long.Parse(words[2], CultureInfo.InvariantCulture)));

    /// <summary>Opens the store as the next process would, and says what of the acknowledged is not in it, or is not whole.</summary>
    public static async Task<IReadOnlyList<string>> LookAsync(string storeText, IReadOnlyDictionary<string, long> acknowledged)
    {
        var wrong = new List<string>();
        try
        {
            await using var store = CallStores.Open(storeText, TimeProvider.System, NullLoggerFactory.Instance);
            await store.PrepareAsync(default);
            foreach (var (callId, version) in acknowledged)
            {
                var stored = (await store.LoadAsync(callId, default))?.Version ?? 0;
                if (stored < version)
                {
                    wrong.Add($"acknowledged and lost: {callId} at version {version}, stored are {stored}");
                }
            }

            if (await store.RebuildAsync(repair: false, default) is { Count: > 0 } rows)
            {
                wrong.Add($"rows differ from their streams: {string.Join(", ", rows)}");
            }
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreRefusedException or InvalidDataException)
        {
            wrong.Add($"the store cannot be read: {e.Message}");
        }

        return wrong;
    }

    private static CallCommand.Finish Finish() =>
        new(TestCalls.Owner, Succeeded: true, "rh", 3, IsError: false, 1.5, Reason: null, TestCalls.Noon);

    private static async Task<bool> TryAsync(ICallStore store, Append append)
    {
        try
        {
            if (await store.AppendAsync(append, default) is AppendResult.Appended)
            {
                await SayAsync(string.Create(CultureInfo.InvariantCulture, $"ack {append.CallId} {append.Row.Version}"));
                return true;
            }
        }
        catch (StoreUnavailableException)
        {
            await SayAsync("refused");
        }

        return false;
    }

    private static async Task SayAsync(string line)
    {
        await Console.Out.WriteLineAsync(line);
        await Console.Out.FlushAsync();
    }
}
