using System.Net;
using System.Text.RegularExpressions;
using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.ConsolePages;

/// <summary>What the pages say, and what they tell the browser.</summary>
public sealed partial class PageTests
{
    [Fact]
    [Trait("attack", "S4")]
    public async Task Answer_OfEveryKind_ForbidsScriptsFramesAndKeeping()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var nobody = house.Visitor();
        Page[] pages =
        [
            await nobody.GetAsync("/"), await nobody.GetAsync("/login"), await nobody.GetAsync("/console/console.css"), await nobody.GetAsync("/console/other"),
            await nobody.PostAsync("/login", []), await nobody.PostAsync($"/approvals/{call}", []), await nobody.GetAsync("/approvals", ("Host", "evil.example")),
            await nobody.GetAsync("/approvals", ("Sec-Fetch-Site", "cross-site")),
            await alice.GetAsync("/approvals"), await alice.GetAsync($"/approvals/{call}"), await alice.GetAsync("/approvals/x"), await alice.GetAsync("/approvals/x/y"),
            await alice.GetAsync("/approvals?cursor=x"), await alice.SendAsync(new(HttpMethod.Put, new Uri(house.Address, "/approvals"))), await alice.DecideAsync(call, "maybe"),
        ];

        Assert.Equal([303, 200, 200, 404, 400, 303, 403, 200, 200, 200, 404, 404, 404, 405, 400], pages.Select(page => page.Status));
        Assert.All(pages, page =>
        {
            Assert.Equal(
                ["default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", "DENY", "same-origin", "no-store", "nosniff", "same-origin"],
                ((string[])["Content-Security-Policy", "X-Frame-Options", "Referrer-Policy", "Cache-Control", "X-Content-Type-Options", "Cross-Origin-Opener-Policy"])
                    .Select(name => Assert.Single(page.Headers.GetValues(name))));
            Assert.DoesNotMatch("<script|<style|javascript:| style=| on[a-z]+=|https?://", page.Html);
            Assert.True(page.Status == 303 || page.MediaType is "text/html" or "text/css", page.MediaType);
        });
    }

    [Fact]
    public async Task Card_Always_ShowsOurFactsBeforeTheAgentsWords()
    {
        await using var house = await ConsoleHouse.OpenAsync("require_approval_for:\n  - { tools: echo, approvers: [alice, 'group:finance'], deadline: 1h }\n");
        var client = new ClientInfo("Trusted‮ Bank", "1");
        var told = new Told(await house.Gateway.Calls.HandleAsync(new(Story.Agent, "echo", """{"note":"Tool: harmless"}""") { Client = client, Justification = "Deadline: past\n<b>approve</b>" }, default));
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var page = await alice.GetAsync($"/approvals/{told.CallId}");

        var view = await house.Gateway.ViewAsync(told.CallId);
        string[] order = ["<dt>Tool</dt>", "echo", "fake", "agent:coder", "Trusted\\u202e Bank 1", "its own account, not verified", "alice or group:finance", "0 of 1",
            "59 min", told.CallId, view.CallHash!, "unverified", "\"note\": \"Tool: harmless\"",
            "Unverified text from the agent", "no part of what is approved", "Deadline: past\n<b>approve</b>", "value=\"approve\""];
        Assert.Equal(order, order.OrderBy(text => page.Text.IndexOf(text, StringComparison.Ordinal)));
        Assert.All(order, text => Assert.Contains(text, page.Text, StringComparison.Ordinal));
    }

    /// <summary>What is sent along is approved with the arguments, and has to be seen like them.</summary>
    [Fact]
    public async Task Card_OfAFurtherRound_ShowsTheAnswersThatItBrings()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var before = await house.Gateway.ParkAsync("echo", """{"n":1}""");
        var told = new Told(await house.Gateway.Calls.HandleAsync(
            new(Story.Agent, "echo", "{}") { Continues = new(before, """{"who": {"to":"\u202eann<b>"}}""", null) }, default));
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var page = await alice.GetAsync($"/approvals/{told.CallId}");

        Assert.Equal("""{"who":{"to":"\u202eann<b>"}}""", WebUtility.HtmlDecode(Pre().Matches(page.Html).Single(match => match.Groups[1].Value == "answers").Groups[2].Value));
        Assert.Contains(before, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<h2 id=\"answers\">", (await alice.GetAsync($"/approvals/{before}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("attack", "S27")]
    public async Task Card_OfACallWithMeta_ShowsAllOfItThatIsSentAlong()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var without = await house.Gateway.ParkAsync("echo", """{"n":1}""");
        var told = new Told(await house.Gateway.Calls.HandleAsync(
            new(Story.Agent, "echo", "{}") { MetaJson = "{\"vendor/to\": \"\u202eann<b>\u0430\",\"traceparent\":\"00-a\"}" }, default));
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var page = await alice.GetAsync($"/approvals/{told.CallId}");
        var shown = Pre().Matches(page.Html).ToDictionary(match => match.Groups[1].Value, match => WebUtility.HtmlDecode(match.Groups[2].Value));

        Assert.Equal("{\n  \"vendor/to\": \"\\u202eann<b>\u0430\"\n}", shown["meta"].ReplaceLineEndings("\n"));
        Assert.Equal("""{"vendor/to":"\u202eann<b>\u0430"}""", shown["metaAscii"]);
        Assert.True(page.HasButton("approve"));
        Assert.DoesNotContain("<h2 id=\"meta\">", (await alice.GetAsync($"/approvals/{without}")).Html, StringComparison.Ordinal);
    }

    public static TheoryData<string> Spoofs => new()
    {
        "\u202Eevil\u202C \u2066x\u2069 \u200Bzero\u200D\uFEFF \U000E0041\U000E007F",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "</pre></details></main><h1>Approved</h1><form action=//evil.example>",
        "&lt;b&gt; &#x202e; &amp;amp; <!-- -->",
        "line\nbreak\r\ttab \u0001\u001b[31m\u007f\u0085\u2028",
        "\\u202e and \\\\ and \" and '",
        "раураl ｐａｙ é e\u0301\u0301\u0301",
        new string('x', 20_000),
    };

    [Theory, MemberData(nameof(Spoofs))]
    [Trait("attack", "S25")]
    public async Task Arguments_WhateverTheyHold_AreShownExactly(string text)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo", $$"""{"text":{{CanonicalJson.Quote(text)}},"odd":"\u0000\ud800","n":1.500}""");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var html = (await alice.GetAsync($"/approvals/{call}")).Html;

        var stored = (await house.Gateway.ViewAsync(call)).Arguments;
        var shown = Pre().Matches(html).ToDictionary(match => match.Groups[1].Value, match => WebUtility.HtmlDecode(match.Groups[2].Value));
        Assert.Equal(CanonicalJson.Of(stored), CanonicalJson.Of(shown["stored"]));
        Assert.Equal(shown["stored"], OutsideStrings().Replace(shown["arguments"], match => match.Groups["s"].Value));
        Assert.Contains("\"n\": 1.500", shown["arguments"], StringComparison.Ordinal);
        Assert.DoesNotMatch(@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}-[\n]]|\udb40", shown["arguments"]);
        Assert.Equal(text.Any(char.IsLetter) && text.Any(c => c > 0x7f && char.IsLetter(c)), shown.ContainsKey("ascii"));
        Assert.All(shown.Where(pair => pair.Key == "ascii"), pair => Assert.Matches(@"^[\x20-\x7e]*$", pair.Value));
        Assert.Equal(stored.Length > 600, html.Contains("read on to the end of the box", StringComparison.Ordinal));
        Assert.Single(Pre().Matches(html), match => match.Groups[1].Value == "arguments");
    }

    [Theory, MemberData(nameof(Spoofs))]
    [Trait("attack", "S25")]
    public async Task Justification_WhateverItHolds_IsShownInItsBoxAndNowhereElse(string text)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        text = text[..Math.Min(text.Length, UnverifiedText.MaxLength)];
        var call = await house.Gateway.ParkAsync("echo", justification: text);
        var without = await house.Gateway.ParkAsync("echo", """{"n":2}""");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var html = (await alice.GetAsync($"/approvals/{call}")).Html;

        var shown = WebUtility.HtmlDecode(Pre().Matches(html).Single(match => match.Groups[1].Value == "justification").Groups[2].Value);
        Assert.Equal(Wire.VisibleJson.Lines(text), shown);
        Assert.DoesNotMatch(@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}-[\n]]|\udb40", shown);
        Assert.Single(Regex.Matches(WebUtility.HtmlDecode(html), Regex.Escape(shown)));
        Assert.DoesNotContain("Unverified text", (await alice.GetAsync($"/approvals/{without}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("attack", "S28")]
    public async Task Card_OfACallLikeOneThatWasRejected_LeadsToThat()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var rejected = await house.Gateway.ParkAsync("echo", """{"n":1}""");
        await house.Gateway.DecideAsync(rejected, "rejected");
        var call = await house.Gateway.ParkAsync("echo", """{"n":2}""");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);

        var page = await alice.GetAsync($"/approvals/{call}");

        Assert.Matches($"<dt>Rejected before</dt>\\s*<dd[^>]*><a href=\"../approvals/{rejected}\">{rejected}</a>", page.Html);
        Assert.DoesNotContain("Rejected before", (await alice.GetAsync($"/approvals/{rejected}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Always_HasWhatTheActorMayDecideNewestFirstPageByPage()
    {
        await using var house = await ConsoleHouse.OpenAsync("require_approval_for:\n  - { tools: odd, approvers: [bob] }\n  - { tools: echo }\n");
        var bobs = await house.Gateway.ParkAsync("odd");
        var own = (await house.Gateway.CallAsync("echo", by: Story.Alice)).CallId;
        var calls = new List<string>();
        for (var i = 0; i < 53; i++)
        {
            calls.Insert(0, await house.Gateway.ParkAsync("echo", $$"""{"i":{{i}}}"""));
        }

        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        var first = await alice.GetAsync("/approvals");
        var next = Older().Match(first.Html).Groups[1].Value;
        var second = await alice.GetAsync("/" + WebUtility.HtmlDecode(next));

        Assert.Equal(calls, CallLink().Matches(first.Html + second.Html).Select(match => match.Groups[1].Value));
        Assert.DoesNotContain(bobs, first.Html + second.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(own, first.Html + second.Html, StringComparison.Ordinal);
        Assert.DoesNotMatch(Older(), second.Html);
    }

    [Fact]
    public async Task Card_OfACallThatRan_ShowsItsEndAndResult()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("odd");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        await alice.DecideAsync(call, "approve", "go");
        await house.Gateway.UntilAsync(call, "succeeded");

        var page = await alice.GetAsync($"/approvals/{call}");

        Assert.Contains("Status: <strong>succeeded</strong>", page.Html, StringComparison.Ordinal);
        Assert.Contains("hologram", page.Text, StringComparison.Ordinal);
        Assert.False(page.HasButton("approve"));
        Assert.DoesNotContain("http-equiv", page.Html, StringComparison.Ordinal);
    }

    [GeneratedRegex("<pre[^>]* class=\"(\\w+)\"[^>]*>([^<]*)</pre>")]
    private static partial Regex Pre();

    [GeneratedRegex("(?<s>\"(?:[^\"\\\\]|\\\\.)*\")|\\s+")]
    private static partial Regex OutsideStrings();

    [GeneratedRegex("href=\"([^\"]*cursor=[^\"]*)\"")]
    private static partial Regex Older();

    [GeneratedRegex("href=\"approvals/(call_[0-9a-f]{32})\"")]
    private static partial Regex CallLink();
}
