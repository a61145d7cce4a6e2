using System.CommandLine;
using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary><c>grants create|list|revoke</c>: approvals given beforehand, within bounds.</summary>
internal static class GrantVerbs
{
    private static readonly Argument<string> Id = new("ID") { Description = "The grant's id, as list shows it" };
    private static readonly Option<string?>
        Tool = new("--tool") { Description = "The one tool, as server.tool", HelpName = "TOOL" },
        For = new("--for") { Description = "Whose calls, such as agent:coder", HelpName = "ACTOR" },
        Until = new("--until") { Description = "How long, such as 24h, or an instant such as 2030-01-01T12:00:00Z", HelpName = "TIME" },
        When = new("--when") { Description = "Bounds of the arguments, as in a policy's when: '{\"amount\": {\"lte\": 100}}'", HelpName = "JSON" },
        Comment = new("--comment") { Description = "Why; kept with the grant and with every use", HelpName = "TEXT" };
    private static readonly Option<int?> Times = new("--times") { Description = $"How many calls, 1 to {GrantHandler.MaxTimes}", HelpName = "COUNT" };

    public static Command Build() => new("grants", "Approve a tool's calls beforehand, within bounds, so many times and until then")
    {
        CallVerbs.Verb("create", "Give a grant", CreateAsync, [], Tool, For, Times, Until, When, Comment),
        CallVerbs.Verb("list", "List the grants and their uses", ListAsync, []),
        CallVerbs.Verb("revoke", "End a grant at once", async (door, parsed, ct) => Print(parsed, await door.RevokeGrantAsync(parsed.GetValue(Id)!, parsed.GetValue(Comment), ct)), [Id], Comment),
    };

    private static async Task<int> CreateAsync(ICallDoor door, ParseResult parsed, CancellationToken ct) => Print(parsed, await door.GrantAsync(
        parsed.GetValue(Tool), parsed.GetValue(For), parsed.GetValue(Times), parsed.GetValue(Until), parsed.GetValue(When), parsed.GetValue(Comment), ct));

    private static int Print(ParseResult parsed, GrantAnswer answer) => AnswerLine.Print(parsed, answer, answer.Answer, answer.Message);

    private static async Task<int> ListAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var list = await door.GrantsAsync(ct);
        Console.Out.WriteLine(parsed.GetValue(SharedOptions.Json) ? CallJson.Write(list)
            : list.Grants.Count == 0 ? "no grants"
            : string.Join('\n', list.Grants.Select(grant => Printed.Line(
                $"{grant.Id}  {grant.State}  {grant.Tool} for {grant.For}, {grant.Uses.Count} of {grant.Times} used, until {AgentText.Time(grant.Until)}, "
                + $"by {grant.By}{(grant.When is { } when ? $", when {when}" : "")}: {grant.Comment}"))));
        return 0;
    }
}
