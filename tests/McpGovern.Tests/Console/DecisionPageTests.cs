using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.ConsolePages;

/// <summary>Deciding on a page: the same rules as on every door, and only by the form that was shown.</summary>
public sealed class DecisionPageTests
{
    private const string Rule = "require_approval_for:\n  - { tools: 'echo', RULE }\n";

    [Theory]
    [InlineData("approve", "approved")]
    [InlineData("reject", "rejected")]
    public async Task Post_OfTheShownForm_RecordsADecisionWithPresence(string decision, string recorded)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var page = await alice.DecideAsync(call, decision, "seen\r\nit");

        Assert.Equal((303, $"../approvals/{call}"), (page.Status, page.Location));
        var received = (await house.Gateway.EventsAsync(call)).OfType<ApprovalReceived>().Single();
        Assert.Equal(("alice", recorded, "seen\nit", "console", "proven"), (received.Decider, received.Decision, received.Comment, received.Via, received.Presence));
        Assert.Equal(("login", "key:alice"), (received.AuthMethod, received.Credential));
        Assert.Equal((await house.Gateway.ViewAsync(call)).CallHash, received.SeenHash);
        await house.Gateway.UntilAsync(call, decision == "approve" ? "succeeded" : "rejected");
        Assert.Equal(decision == "approve" ? 1 : 0, house.Ledger.Length);
        Assert.Contains("seen\nit", (await alice.GetAsync($"/approvals/{call}")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", 400)]
    [InlineData("foreign", 400)]
    [InlineData("anonymous", 400)]
    [InlineData("cross-site", 403)]
    [InlineData("same-site", 403)]
    [InlineData("none-site", 403)]
    [InlineData("origin", 403)]
    [InlineData("null-origin", 403)]
    [InlineData("json", 403)]
    [InlineData("text", 403)]
    [InlineData("multipart", 403)]
    [InlineData("large", 413)]
    [Trait("attack", "S4")]
    public async Task Post_ThatNoPageOfThisLoginSent_DoesNothing(string forgery, int status)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = house.Visitor();
        var anonymous = ConsoleVisitor.TokenIn((await alice.GetAsync("/login")).Html);
        await alice.LoginAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);
        var card = await alice.GetAsync($"/approvals/{call}");
        var fields = new Dictionary<string, string>
        {
            ["decision"] = "approve",
            ["expected_hash"] = (await house.Gateway.ViewAsync(call)).CallHash!,
            ["token"] = forgery switch
            {
                "none" => "",
                "foreign" => ConsoleVisitor.TokenIn((await bob.GetAsync($"/approvals/{call}")).Html),
                "anonymous" => anonymous,
                _ => ConsoleVisitor.TokenIn(card.Html),
            },
        };
        (string, string)[] headers = forgery switch
        {
            "cross-site" or "same-site" => [("Sec-Fetch-Site", forgery)],
            "none-site" => [("Sec-Fetch-Site", "none")],
            "origin" => [("Origin", "http://evil.example")],
            "null-origin" => [("Origin", "null")],
            _ => [],
        };
        HttpContent content = forgery switch
        {
            "json" => new StringContent("{}", null, "application/json"),
            "text" => new StringContent("decision=approve", null, "text/plain"),
            "multipart" => Multipart(fields),
            "large" => new FormUrlEncodedContent(fields.Append(new("comment", new string('x', 200_000)))),
            _ => new FormUrlEncodedContent(fields),
        };

        var page = await alice.SendAsync(new(HttpMethod.Post, new Uri(house.Address, $"/approvals/{call}")) { Content = content }, headers);

        Assert.Equal((status, "text/html"), (page.Status, page.MediaType));
        Assert.Equal("pending", (await house.Gateway.ViewAsync(call)).Status);
        // The same form, sent as it should be, is taken.
        Assert.Equal(303, (await alice.DecideAsync(call, "approve")).Status);
    }

    [Fact]
    [Trait("attack", "S4"), Trait("attack", "S5")]
    public async Task Get_WhateverItsAddressSays_ChangesNothing()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        var token = ConsoleVisitor.TokenIn((await alice.GetAsync($"/approvals/{call}")).Html);

        await alice.GetAsync($"/approvals/{call}?decision=approve&expected_hash={(await house.Gateway.ViewAsync(call)).CallHash}&token={token}");
        Assert.Equal(405, (await alice.GetAsync($"/logout?token={token}")).Status);

        Assert.Equal(2, (await house.Gateway.EventsAsync(call)).Count);
        Assert.Equal(200, (await alice.GetAsync("/approvals")).Status);
    }

    [Theory]
    [InlineData("expected_hash", "0000", 409, "stale_view")]
    [InlineData("expected_hash", "", 400, "of which call")]
    [InlineData("decision", "maybe", 400, "neither approve nor reject")]
    [InlineData("decision", "", 400, "neither approve nor reject")]
    [Trait("attack", "S27"), Trait("attack", "S38")]
    public async Task Post_OfAnotherCallThanWasShown_IsRefusedAndKeepsTheComment(string field, string value, int status, string says)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var page = await alice.DecideAsync(call, "approve", "my long comment", (field, value));

        Assert.Equal(status, page.Status);
        Assert.Contains(says, page.Text, StringComparison.Ordinal);
        Assert.Contains("my long comment</textarea>", page.Text, StringComparison.Ordinal);
        Assert.Equal("pending", (await house.Gateway.ViewAsync(call)).Status);
    }

    [Fact]
    public async Task Post_ASecondTime_SaysWhatStands()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);
        var shown = await bob.GetAsync($"/approvals/{call}");
        var fields = new Dictionary<string, string>
        {
            ["token"] = ConsoleVisitor.TokenIn(shown.Html),
            ["expected_hash"] = (await house.Gateway.ViewAsync(call)).CallHash!,
            ["decision"] = "reject",
        };
        var again = await alice.GetAsync($"/approvals/{call}");
        Assert.Equal(303, (await alice.DecideAsync(call, "reject", "no")).Status);

        var others = await bob.PostAsync($"/approvals/{call}", new(fields) { ["decision"] = "approve" });
        fields["token"] = ConsoleVisitor.TokenIn(again.Html);
        var own = await alice.PostAsync($"/approvals/{call}", fields);

        Assert.Equal(409, others.Status);
        Assert.Contains("rejected by alice", others.Text, StringComparison.Ordinal);
        Assert.Equal(303, own.Status);
        Assert.Single((await house.Gateway.EventsAsync(call)).OfType<ApprovalReceived>());
    }

    [Fact]
    public async Task Call_OfOthers_IsNotFoundLikeOneThatDoesNotExist()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var carol = await house.VisitorAsync(ConsoleHouse.CarolKey);
        var unknown = $"call_{Guid.CreateVersion7():n}";
        var token = ConsoleVisitor.TokenIn((await carol.GetAsync("/approvals")).Html);
        Dictionary<string, string> form = new() { ["token"] = token, ["expected_hash"] = (await house.Gateway.ViewAsync(call)).CallHash!, ["decision"] = "approve" };

        var pages = new List<Page>();
        foreach (var id in (string[])[call, unknown, "nonsense"])
        {
            pages.Add(await carol.GetAsync($"/approvals/{id}"));
            pages.Add(await carol.PostAsync($"/approvals/{id}", form));
        }

        Assert.All(pages, page => Assert.Equal((404, pages[0].Html), (page.Status, page.Html)));
        Assert.Equal("pending", (await house.Gateway.ViewAsync(call)).Status);
        Assert.DoesNotContain(call, (await carol.GetAsync("/approvals")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_OfOnesOwn_IsShownAndNotDecided()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = (await house.Gateway.CallAsync("echo", by: Story.Alice)).CallId;
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);

        var shown = await alice.GetAsync($"/approvals/{call}");
        var refused = await alice.PostAsync($"/approvals/{call}", new()
        {
            ["token"] = ConsoleVisitor.TokenIn(shown.Html),
            ["expected_hash"] = (await house.Gateway.ViewAsync(call)).CallHash!,
            ["decision"] = "approve",
        });

        Assert.Equal((200, false, false), (shown.Status, shown.HasButton("approve"), shown.HasButton("reject")));
        Assert.Contains("asked for by you", shown.Text, StringComparison.Ordinal);
        Assert.Equal(403, refused.Status);
        Assert.Contains("self_approval", refused.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(call, (await alice.GetAsync("/approvals")).Html, StringComparison.Ordinal);
        Assert.Contains(call, (await bob.GetAsync("/approvals")).Html, StringComparison.Ordinal);
        Assert.Equal(303, (await bob.DecideAsync(call, "approve")).Status);
    }

    [Theory]
    [InlineData("always", "approve", 400)]
    [InlineData("always", "reject", 400)]
    [InlineData("reject", "reject", 400)]
    [InlineData("reject", "approve", 303)]
    [InlineData("never", "reject", 303)]
    public async Task Post_WithoutAComment_IsRefusedWhereTheRuleWantsOne(string wanted, string decision, int status)
    {
        await using var house = await ConsoleHouse.OpenAsync(Rule.Replace("RULE", $"comment: {wanted}", StringComparison.Ordinal));
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        Assert.Equal(wanted == "always", (await alice.GetAsync($"/approvals/{call}")).Html.Contains(" required", StringComparison.Ordinal));

        Assert.Equal(status, (await alice.DecideAsync(call, decision, "  \r\n ")).Status);
        Assert.Equal(status == 400 ? 303 : status, (await alice.DecideAsync(call, decision, "because", ("expected_hash", (await house.Gateway.ViewAsync(call)).CallHash!))).Status);
    }

    [Fact]
    [Trait("attack", "S29")]
    public async Task Quorum_IsCountedAndEachDecidesOnce()
    {
        await using var house = await ConsoleHouse.OpenAsync(Rule.Replace("RULE", "quorum: 2, human_required: true", StringComparison.Ordinal));
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);
        Assert.Equal(303, (await alice.DecideAsync(call, "approve")).Status);

        var after = await alice.GetAsync($"/approvals/{call}");
        Assert.Contains("1 of 2", after.Text, StringComparison.Ordinal);
        Assert.Equal((false, true), (after.HasButton("approve"), after.HasButton("reject")));
        Assert.Empty(house.Ledger);

        Assert.Equal(303, (await bob.DecideAsync(call, "approve")).Status);
        await house.Gateway.UntilAsync(call, "succeeded");
        Assert.Single(house.Ledger);
    }

    [Fact]
    public async Task Call_PastItsDeadline_IsShownAndNotDecided()
    {
        await using var house = await ConsoleHouse.OpenAsync(Rule.Replace("RULE", "deadline: 60s", StringComparison.Ordinal));
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        Assert.Contains(" s left", (await alice.GetAsync($"/approvals/{call}")).Text, StringComparison.Ordinal);
        var fields = ("expected_hash", (await house.Gateway.ViewAsync(call)).CallHash!);

        house.Time.Advance(TimeSpan.FromSeconds(61));
        var page = await alice.GetAsync($"/approvals/{call}");

        Assert.Equal((false, false), (page.HasButton("approve"), page.HasButton("reject")));
        Assert.Contains("expired", page.Text, StringComparison.Ordinal);
        Assert.Equal(409, (await alice.DecideAsync(call, "approve", "", fields)).Status);
        Assert.Empty(house.Ledger);
    }

    private static MultipartFormDataContent Multipart(Dictionary<string, string> fields)
    {
        var content = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
        {
            content.Add(new StringContent(value), name);
        }

        return content;
    }
}
