using System.Text.Json;

namespace McpGovern.Tests.Security;

/// <summary>Every role on every tool: what it is shown, and what calling it answers whether it is shown or not.</summary>
public sealed class ToolMatrixTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    // For each of SecurityHouse.Who but the stranger: whether it is listed, and the answer.
    private static readonly IReadOnlyDictionary<string, string> Expected = ExpectedTable.Read("tools.txt");

    [Fact]
    [Trait("attack", "S48")]
    public async Task EveryTool_ForEveryRole_IsListedAndAnswersAsTheTableSays()
    {
        var (roles, listed) = (SecurityHouse.Who[1..], new Dictionary<string, string[]>());
        foreach (var who in roles)
        {
            var (status, answer) = await house.McpAsync((await house.BearerOfAsync(who))!, "tools/list", "");
            Assert.Equal(200, status);
            listed[who] = [.. answer.GetProperty("result").GetProperty("tools").EnumerateArray().Select(tool => tool.GetProperty("name").GetString()!)];
        }

        var actual = new Dictionary<string, string>();
        foreach (var tool in listed.Values.SelectMany(names => names).Concat(Expected.Keys).Distinct())
        {
            var cells = new List<string>();
            foreach (var who in roles)
            {
                cells.Add($"{(listed[who].Contains(tool) ? "shown" : "hidden")}:{await AnswerAsync(tool, who)}");
            }

            actual[tool] = string.Join(' ', cells);
        }

        ExpectedTable.Compare(Expected, actual);
    }

    [Fact]
    [Trait("attack", "S2")]
    public async Task Tools_WithoutAKey_AreNotEvenListed()
    {
        var (status, answer) = await house.McpAsync("", "tools/list", "");
        Assert.Equal(401, status);
        Assert.False(answer.TryGetProperty("result", out _));
    }

    private async Task<string> AnswerAsync(string tool, string who)
    {
        if (tool == "slow")
        {
            return "-";
        }

        var id = await house.ParkAsync(SecurityHouse.KeyOf("caller"), who == SecurityHouse.Narrowed ? "big" : "pay");
        var arguments = tool switch
        {
            "jamjet_approve" => $$"""{"call_id":"{{id}}","decision":"approved"}""",
            "jamjet_approvals" => $$"""{"execution_id":"{{id}}"}""",
            "jamjet_result" or "jamjet_cancel" => $$"""{"call_id":"{{id}}"}""",
            _ => $$"""{"id":"{{Guid.NewGuid()}}"}""",
        };
        var result = await house.CallAsync((await house.BearerOfAsync(who))!, tool, arguments);
        var isError = result.TryGetProperty("isError", out var error) && error.GetBoolean();
        return isError ? WordOf(result) : "ok";
    }

    private static string WordOf(JsonElement result) =>
        result.TryGetProperty("structuredContent", out var structured) ? structured.GetProperty("code").GetString()!
        : result.TryGetProperty("_meta", out var meta) && meta.TryGetProperty("mcpgovern/call", out var call) ? call.GetProperty("status").GetString()!
        : result.GetProperty("content")[0].GetProperty("text").GetString()!.Split(';')[0].Replace(' ', '_');
}
