using System.CommandLine;
using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary>Tools and their pins at the command line: <c>tools</c>, and <c>tools pin</c>.</summary>
internal static class ToolVerbs
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The tool, as server.tool" };
    private static readonly Option<string?>
        Comment = new("--comment") { Description = "Kept with the pin", HelpName = "TEXT" },
        Expect = new("--expect") { Description = "The hash that you were shown; another definition than that is not pinned", HelpName = "HASH" };

    public static Command Build()
    {
        var tools = CallVerbs.Verb("tools", "List the tools that were seen, and those whose definition is not the pinned one", ListAsync, []);
        tools.Subcommands.Add(CallVerbs.Verb("pin", "Accept a tool's definition as it is now", PinAsync, [Name], Expect, Comment));
        return tools;
    }

    private static async Task<int> ListAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var list = await door.ToolsAsync(ct);
        Console.Out.WriteLine(parsed.GetValue(SharedOptions.Json) ? CallJson.Write(list)
            : list.Tools.Count == 0 ? "no tool has been seen yet"
            : string.Join('\n', list.Tools.Select(tool => Printed.Line(Line(tool)))));
        return 0;
    }

    private static async Task<int> PinAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var answer = await door.PinAsync(parsed.GetValue(Name)!, parsed.GetValue(Expect), parsed.GetValue(Comment), ct);
        return AnswerLine.Print(parsed, answer, answer.Answer, answer.Message);
    }

    private static string Line(ToolView tool)
    {
        var change = tool.Kinds.Count == 0 ? "" : $": {string.Join(", ", tool.Kinds)}; now {tool.Hash}";
        var twins = tool.Twins.Count == 0 ? "" : $"; called like {string.Join(", ", tool.Twins)}";
        return $"{tool.Name}  {tool.State}{change} (pinned {AgentText.Time(tool.PinnedAt)} by {tool.PinnedBy}){twins}";
    }
}
