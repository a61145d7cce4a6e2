using System.CommandLine;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Wire;

namespace McpGovern.Cli;

/// <summary>The verbs that look at calls and decide them.</summary>
internal static class CallVerbs
{
    private static readonly Argument<string> Id = new("ID") { Description = "The call's id, in any spelling" };
    private static readonly Option<string?>
        Comment = new("--comment") { Description = "Kept with the decision", HelpName = "TEXT" },
        Reason = new("--reason") { Description = "Kept with the cancellation", HelpName = "TEXT" },
        Outcome = new("--outcome") { Description = "What you found out: succeeded or failed", HelpName = "OUTCOME" },
        Expect = new("--expect") { Description = "The call_hash that you were shown; another call than that is not decided", HelpName = "HASH" },
        Node = new("--node") { Description = "Which of an execution's calls", HelpName = "NODE_ID" },
        Cursor = new("--cursor") { Description = "The next_cursor of the page before", HelpName = "CURSOR" };
    private static readonly Option<string[]> Status = new("--status") { Description = "Only these (default: pending)", HelpName = "STATUS" };
    private static readonly Option<bool>
        Run = new("--run") { Description = "Run the call in this process and wait for its result" },
        All = new("--all") { Description = "Calls of every status" };
    private static readonly Option<int> Limit = new("--limit") { Description = "How many at most", DefaultValueFactory = _ => 50 };

    public static IEnumerable<Command> Build()
    {
        yield return Verb("approvals", "List the calls that wait for a decision", ApprovalsAsync, [], Status, All, Limit, Cursor);
        yield return Verb("approve", "Approve a call", (door, parsed, ct) => DecideAsync(door, parsed, "approved", ct), [Id], Comment, Expect, Node, Run);
        yield return Verb("reject", "Reject a call", (door, parsed, ct) => DecideAsync(door, parsed, "rejected", ct), [Id], Comment, Expect, Node);
        yield return Verb("cancel", "Withdraw a call that was not sent yet", CancelAsync, [Id], Reason);
        yield return Verb("resolve", "Say what became of a call whose outcome is unknown", ResolveAsync, [Id], Outcome, Comment);
        yield return Verb("result", "Print a call's result, or where it stands", ResultAsync, [Id]);
        yield return Verb("show", "Print everything about a call", ShowAsync, [Id]);
    }

    private static async Task<int> ApprovalsAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        string[] statuses = parsed.GetValue(All) ? [] : parsed.GetValue(Status) is { Length: > 0 } given ? given : ["pending"];
        if (statuses.FirstOrDefault(status => !CallStatusWords.IsKnown(status)) is { } unknown)
        {
            throw new DoorException($"--status {unknown} is not one; use {CallStatusWords.Listed}", AnswerCode.BadRequest.Exit);
        }

        var list = await door.ListAsync(new(statuses, parsed.GetValue(Limit)) { Cursor = parsed.GetValue(Cursor) }, ct);
        Console.Out.WriteLine(parsed.GetValue(SharedOptions.Json) ? CallJson.Write(list) : Printed.List(list, statuses));
        return 0;
    }

    private static async Task<int> DecideAsync(ICallDoor door, ParseResult parsed, string decision, CancellationToken ct)
    {
        var answer = await door.DecideAsync(parsed.GetValue(Id)!, decision, parsed.GetValue(Node), parsed.GetValue(Comment), parsed.GetValue(Expect), ct);
        var exit = Print(parsed, answer);
        if (exit != 0 || answer.CallId is not { } callId || answer.Status != "approved")
        {
            return exit;
        }

        // Whether and when it runs is reported beside the decision, never as a failure of it.
        var why = decision == "approved" && parsed.GetValue(Run) ? await door.RunAsync(callId, ct) : "";
        var call = await door.FindAsync(callId, ct);
        Console.Error.WriteLine(why switch
        {
            null => $"{callId} {call?.Status}",
            "" => $"runs when a serving process has {call?.Server}",
            _ => $"not run here: {why}",
        });
        if (why is null && call?.Result is { } result && !parsed.GetValue(SharedOptions.Json))
        {
            Console.Out.WriteLine(VisibleJson.Of(result));
        }

        return exit;
    }

    private static async Task<int> CancelAsync(ICallDoor door, ParseResult parsed, CancellationToken ct) =>
        Print(parsed, await door.CancelAsync(parsed.GetValue(Id)!, parsed.GetValue(Reason), ct));

    private static async Task<int> ResolveAsync(ICallDoor door, ParseResult parsed, CancellationToken ct) =>
        Print(parsed, await door.ResolveAsync(parsed.GetValue(Id)!, parsed.GetValue(Outcome), parsed.GetValue(Comment), ct));

    private static async Task<int> ResultAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var call = await FindAsync(door, parsed, ct);
        if (parsed.GetValue(SharedOptions.Json))
        {
            Console.Out.WriteLine(CallJson.Write(call));
        }
        else if (call.Result is { } result)
        {
            Console.Out.WriteLine(VisibleJson.Of(result));
        }
        else
        {
            Console.Error.WriteLine(Printed.WhereItStands(call));
        }

        return call.Result is null ? AnswerCode.Finished.Exit : 0;
    }

    private static async Task<int> ShowAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var call = await FindAsync(door, parsed, ct);
        Console.Out.WriteLine(parsed.GetValue(SharedOptions.Json) ? CallJson.Write(call) : Printed.Call(call));
        return 0;
    }

    private static async Task<CallView> FindAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var id = parsed.GetValue(Id)!;
        return !CallId.TryParse(id, out _) ? throw new DoorException(Answers.MalformedId(id), AnswerCode.BadRequest.Exit)
            : await door.FindAsync(id, ct) ?? throw new DoorException(Answers.NotFound(id).Message, AnswerCode.NotFound.Exit);
    }

    private static int Print(ParseResult parsed, DecisionAnswer answer)
    {
        var code = AnswerCode.ByWord.GetValueOrDefault(answer.Answer)?.Exit ?? 1;
        if (parsed.GetValue(SharedOptions.Json))
        {
            Console.Out.WriteLine(CallJson.Write(answer));
        }

        if (code != 0 || !parsed.GetValue(SharedOptions.Json))
        {
            (code == 0 ? Console.Out : Console.Error).WriteLine($"{answer.Answer}: {Printed.Line(answer.Message)}");
        }

        return code;
    }

    public static Command Verb(string name, string description, Func<ICallDoor, ParseResult, CancellationToken, Task<int>> act, Argument[] arguments, params Option[] options)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
        {
            command.Arguments.Add(argument);
        }

        foreach (var option in (Option[])[.. options, SharedOptions.Settings, SharedOptions.Store, SharedOptions.Server, SharedOptions.Json])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, ct) => CallDoors.WithAsync(parsed, door => act(door, parsed, ct), ct));
        return command;
    }
}
