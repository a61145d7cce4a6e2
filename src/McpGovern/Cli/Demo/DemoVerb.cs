using System.CommandLine;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Upstreams;

namespace McpGovern.Cli;

/// <summary>Plays the whole story for real: a parked call, a <c>kill -9</c>, an approval, one effect, and the result.</summary>
internal static class DemoVerb
{
    private const string Submit = "submit", Arguments = """{"payment_id":"pay-1001","amount":1250.00,"currency":"EUR"}""";

    public static Command Build()
    {
        var command = new Command("demo", "Play the whole story on examples/payments, and leave nothing behind");
        command.SetAction((_, ct) => RunAsync(ct));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken ct)
    {
        if (DemoStage.FindExample() is not { } example)
        {
            await Console.Error.WriteLineAsync("The demo needs examples/payments beside it, built: run it from a clone of the repository with dotnet run --project src/McpGovern -- demo");
            return 2;
        }

        await using var stage = new DemoStage(example);
        try
        {
            await PlayAsync(stage, ct);
            return 0;
        }
        catch (DemoException e)
        {
            await Console.Error.WriteLineAsync($"\nThe demo went wrong: {e.Message}\n{stage.ServerLog}");
            return 1;
        }
    }

    private static async Task PlayAsync(DemoStage stage, CancellationToken ct)
    {
        Say("1. McpGovern serves a payments server. Policy: looking is free, paying needs an approval.");
        await stage.StartAsync(ct);

        Say("2. An agent pays. The call is recorded, parked, and not sent.");
        Show($"tools/call {Submit} {Arguments}");
        var parked = Result(await stage.CallAsync(Submit, Arguments, ct));
        Show(TextOf(parked));
        var callId = parked.GetProperty("_meta").GetProperty(ResultJson.MetaKey).GetProperty("call_id").GetString()!;

        Say($"3. kill -9 {stage.ServerId}: the serving process is gone, in the middle of everything.");
        await stage.KillAsync();

        Say("4. Nobody serves, and the approval is still there: it is in the store, not in a process.");
        Show("mcpgovern approvals");
        Show(await stage.VerbAsync(["approvals"], ct));
        Expect(stage.Ledger.Count == 0, "something was paid before the approval");

        Say("5. A person approves, still with no server running.");
        Show($"mcpgovern approve {callId}");
        Show(await stage.VerbAsync(["approve", callId, "--comment", "invoice 1001 is due"], ct));

        Say("6. McpGovern comes back, finds the approved call, and runs it: exactly as approved, once.");
        await stage.StartAsync(ct);
        await stage.WaitForLedgerAsync(ct);

        Say("7. The agent asks for its result.");
        Show($"tools/call jamjet_result {callId}");
        Show(TextOf(Result(await stage.CallAsync("jamjet_result", JsonSerializer.Serialize(new { call_id = callId }), ct))));

        Say("8. kill -9 once more, start again, look at the ledger: one approved call, one line.");
        await stage.KillAsync();
        await stage.StartAsync(ct);
        Show(string.Join('\n', stage.Ledger));
        Expect(stage.Ledger.Count == 1, $"the ledger has {stage.Ledger.Count} lines");
        Say("Done: nothing was lost, and nothing ran twice.");
    }

    private static JsonElement Result(UpstreamAnswer answer) => answer is UpstreamAnswer.Result result
        ? JsonDocument.Parse(result.Json).RootElement
        : throw new DemoException($"the agent got no result: {answer}");

    private static string TextOf(JsonElement result) => result.GetProperty("content")[0].GetProperty("text").GetString()!;

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DemoException(otherwise);
        }
    }

    private static void Say(string text) => Console.Out.WriteLine($"\n{text}");

    private static void Show(string text) => Console.Out.WriteLine($"     {Printed.Lines(text).ReplaceLineEndings("\n     ")}");
}

/// <summary>The story did not go as it must.</summary>
internal sealed class DemoException(string message) : Exception(message);
