using System.CommandLine;
using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary>The kill switch at the command line: <c>freeze</c>, which also lists, and <c>unfreeze</c>.</summary>
internal static class FreezeVerbs
{
    private static readonly Argument<string[]> Target = new("TARGET")
    {
        Description = "all, or server and its name, or actor and its id",
        Arity = new ArgumentArity(0, 2),
    };

    private static readonly Option<string?> Comment = new("--comment") { Description = "Why; whoever is refused is told it", HelpName = "TEXT" };

    public static IEnumerable<Command> Build()
    {
        yield return CallVerbs.Verb("freeze", "Stop calls from being sent, everywhere; without a target, list what is frozen",
            (door, parsed, ct) => parsed.GetValue(Target) is { Length: > 0 } target
                ? ChangeAsync(door, parsed, target, freeze: true, ct)
                : ListAsync(door, parsed, ct),
            [Target], Comment);
        yield return CallVerbs.Verb("unfreeze", "Let calls be sent again",
            (door, parsed, ct) => ChangeAsync(door, parsed, parsed.GetValue(Target) ?? [], freeze: false, ct), [Target], Comment);
    }

    private static async Task<int> ChangeAsync(ICallDoor door, ParseResult parsed, string[] target, bool freeze, CancellationToken ct)
    {
        var answer = await door.FreezeAsync(freeze, target.ElementAtOrDefault(0), target.ElementAtOrDefault(1), parsed.GetValue(Comment), ct);
        return AnswerLine.Print(parsed, answer, answer.Answer, answer.Message);
    }

    private static async Task<int> ListAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var list = await door.FreezesAsync(ct);
        Console.Out.WriteLine(parsed.GetValue(SharedOptions.Json) ? CallJson.Write(list)
            : list.Freezes.Count == 0 ? "nothing is frozen"
            : string.Join('\n', list.Freezes.Select(freeze => Printed.Line($"{freeze.Target}  {freeze.Why}"))));
        return 0;
    }
}
