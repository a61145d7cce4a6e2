using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Security;
using Microsoft.Playwright;

namespace McpGovern.Tests.ConsolePages;

/// <summary>The pages as people use them, in a browser.</summary>
public sealed class ChromiumTests(ChromiumHouse chromium) : IClassFixture<ChromiumHouse>
{
    private const string Payment = """{"payee":"Müller & Söhne GmbH","iban":"DE89370400440532013000","amount":1250.00,"lines":[{"text":"Invoice 4711","net":1050.42},{"text":"VAT","net":199.58}],"urgent":true}""";

    private const string Claim = "Invoice 4711 of Müller & Söhne is due today.\nThe payee was checked \u202edekcehc against the contract.";

    [SkippableFact]
    public async Task Approve_WithAComment_RunsTheCallOnceAndTheAgentGetsItsResult()
    {
        await using var house = await ConsoleHouse.OpenAsync("require_approval_for:\n  - { tools: echo, comment: always, deadline: 1h, human_required: true }\n", hold: Story.Long);
        await using var person = await chromium.OpenAsync();
        var asked = house.Gateway.CallAsync("echo", Payment, justification: Claim);
        var call = await house.Gateway.PendingAsync();

        await person.LoginAsync(house.Gateway.Links.For(call)!, ConsoleHouse.AliceKey);
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Region, new() { Name = "Unverified text from the agent" })).ToContainTextAsync("Invoice 4711");
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Heading, new() { Name = "Approve this call?" })).ToBeVisibleAsync();
        Assert.Contains("\"amount\": 1250.00", await person.Page.Locator("pre.arguments").InnerTextAsync(), StringComparison.Ordinal);
        await person.ShootAsync("card-light");
        await person.Page.GetByLabel("Comment (required)").FillAsync("checked with the invoice");
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();

        var told = await asked;
        Assert.False(told.IsError, told.Raw);
        Assert.Single(house.Ledger);
        await Assertions.Expect(person.Page.GetByText("Status: succeeded")).ToBeVisibleAsync();
        await Assertions.Expect(person.Page.GetByText("checked with the invoice")).ToBeVisibleAsync();
        await person.ShootAsync("ended-light");
        Assert.Empty(person.Complaints);
        Assert.All(person.Requests, uri => Assert.Equal(house.Address.Authority, uri.Authority));
    }

    [SkippableFact]
    public async Task Reject_OnAPhoneFromTheList_TellsTheAgent()
    {
        await using var house = await ConsoleHouse.OpenAsync(hold: Story.Long);
        await using var person = await chromium.OpenAsync(width: 390, ColorScheme.Dark);
        var asked = house.Gateway.CallAsync("echo", Payment, justification: Claim);
        await house.Gateway.PendingAsync();

        await person.LoginAsync(house.Address.ToString(), ConsoleHouse.BobKey);
        await person.ShootAsync("list-phone-dark");
        await person.Page.GetByRole(AriaRole.Link, new() { Name = "fake.echo" }).ClickAsync();
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Heading, new() { Name = "Approve this call?" })).ToBeVisibleAsync();
        await person.ShootAsync("card-phone-dark");
        Assert.Equal(390, await person.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await person.Page.GetByLabel("Comment").FillAsync("not this one");
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Reject" }).ClickAsync();

        var told = await asked;
        Assert.Equal("approval rejected by bob: not this one", told.Text);
        Assert.Empty(house.Ledger);
        await Assertions.Expect(person.Page.GetByText("Status: rejected")).ToBeVisibleAsync();
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();
        await Assertions.Expect(person.Page.GetByLabel("Your key")).ToBeVisibleAsync();
    }

    [SkippableFact]
    public async Task Outcome_ThatNobodyKnows_IsSaidByWhoeverLooked()
    {
        await using var house = await ConsoleHouse.OpenAsync(OutcomePageTests.Rule);
        await using var person = await chromium.OpenAsync();
        var call = await OutcomePageTests.LoseAsync(house);

        await person.LoginAsync(house.Gateway.Links.For(call)!, ConsoleHouse.AliceKey);
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Heading, new() { Name = "What became of this call?" })).ToBeVisibleAsync();
        await person.ShootAsync("outcome-light");
        await person.Page.GetByLabel("What you found (required)").FillAsync("it is in the ledger");
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "It happened" }).ClickAsync();

        await Assertions.Expect(person.Page.GetByText("Status: resolved")).ToBeVisibleAsync();
        Assert.Empty(person.Complaints);
    }

    [SkippableFact]
    [Trait("attack", "S25")]
    public async Task Arguments_ThatWouldLikeToBeAPage_AreText()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        await using var person = await chromium.OpenAsync(width: 390);
        var texts = ((IEnumerable<object[]>)PageTests.Spoofs).Select(row => (string)row[0]).ToArray();
        var quoted = string.Join(',', texts.Select(CanonicalJson.Quote));
        var request = new ToolCallRequest(Story.Agent, "echo", $$"""{"texts":[{{quoted}}],"odd":"\u0000 \ud800"}""")
        {
            Justification = string.Join('\n', texts)[..2000],
            MetaJson = $$"""{"vendor/texts":[{{quoted}}]}""",
        };
        var call = new Told(await house.Gateway.Calls.HandleAsync(request, default)).CallId;

        await person.LoginAsync(house.Gateway.Links.For(call)!, ConsoleHouse.AliceKey);

        var page = person.Page;
        Assert.Equal(0, await page.Locator("script, img, iframe, object, embed, svg, style, [style], main > form ~ form").CountAsync());
        Assert.Equal((1, 1), (await page.Locator("h1").CountAsync(), await page.Locator("main form").CountAsync()));
        Assert.Equal("ltr", await page.Locator("pre.arguments").GetAttributeAsync("dir"));
        Assert.Equal("isolate", await page.Locator("pre.arguments").EvaluateAsync<string>("e => getComputedStyle(e).unicodeBidi"));
        Assert.Equal(0, await page.Locator("pre.arguments").EvaluateAsync<int>("e => e.children.length"));
        Assert.Equal((1, 0), (await page.Locator("pre.justification").CountAsync(), await page.Locator("pre.justification").EvaluateAsync<int>("e => e.children.length")));
        Assert.Equal("isolate", await page.Locator("pre.justification").EvaluateAsync<string>("e => getComputedStyle(e).unicodeBidi"));
        Assert.Equal((1, 0), (await page.Locator("pre.meta").CountAsync(), await page.Locator("pre.meta").EvaluateAsync<int>("e => e.children.length")));
        Assert.Equal("isolate", await page.Locator("pre.meta").EvaluateAsync<string>("e => getComputedStyle(e).unicodeBidi"));
        var shown = await page.Locator("pre.arguments").EvaluateAsync<string>("e => e.textContent");
        Assert.Equal(CanonicalJson.Of((await house.Gateway.ViewAsync(call)).Arguments), CanonicalJson.Of(shown));
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await person.ShootAsync("spoof-phone-light");
        Assert.Empty(person.Complaints);

        // The eyes of this test are open: what is forbidden is seen when it is tried.
        await page.EvaluateAsync("const s = document.createElement('script'); s.textContent = 'alert(1)'; document.body.append(s)");
        // The browser tells of it in its own time, after the script that tried.
        await Eventually.TrueAsync(
            () => person.Complaints.Any(complaint => complaint.StartsWith("stopped: script-src", StringComparison.Ordinal)),
            () => $"the policy stopped no script: {string.Join("; ", person.Complaints)}");
    }

    /// <summary>The same 10,000 texts as for the other surfaces, in the document that a real browser makes of the page.</summary>
    [SkippableFact]
    [Trait("attack", "S25")]
    public async Task HostileTexts_InARealDocument_AreText()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        await using var person = await chromium.OpenAsync();
        await person.LoginAsync(house.Address.ToString(), ConsoleHouse.AliceKey);
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Button, new() { Name = "Log out" })).ToBeVisibleAsync();
        var seen = 0;
        foreach (var texts in HostileText.Many(10_000).Chunk(500))
        {
            var call = await house.Gateway.ParkAsync("echo", $"{{\"texts\":[{string.Join(',', texts.Select(HostileText.Quote))}]}}");
            await person.Page.GotoAsync(house.Gateway.Links.For(call)!);
            var found = await person.Page.EvaluateAsync<JsonElement>("""
                () => ({
                    active: document.querySelectorAll('script, img, iframe, object, embed, svg, style, [style], main > form ~ form, pre > *').length,
                    headings: document.querySelectorAll('h1').length,
                    shown: document.querySelector('pre.arguments').textContent,
                    text: document.body.textContent,
                })
                """);

            Assert.Equal((0, 1), (found.GetProperty("active").GetInt32(), found.GetProperty("headings").GetInt32()));
            Assert.Equal(CanonicalJson.Of((await house.Gateway.ViewAsync(call)).Arguments), CanonicalJson.Of(found.GetProperty("shown").GetString()!));
            Assert.Null(HostileText.FirstUnsafe(found.GetProperty("text").GetString()!));
            seen += texts.Length;
        }

        Assert.Equal(10_000, seen);
        Assert.Empty(person.Complaints);
        Assert.All(person.Requests, uri => Assert.Equal(house.Address.Authority, uri.Authority));
    }

    [SkippableFact]
    [Trait("attack", "S4")]
    public async Task Site_OfAStranger_CanOnlySendPeopleToThePage()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        await using var person = await chromium.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        var link = house.Gateway.Links.For(call)!;
        await person.LoginAsync(link, ConsoleHouse.AliceKey);
        var hash = (await house.Gateway.ViewAsync(call)).CallHash;
        await using var stranger = await StrangersSite.StartAsync($"""
            <iframe src="{link}"></iframe><a href="{link}">win a prize</a>
            <form method="post" action="{link}"><input name="decision" value="approve"><input name="expected_hash" value="{hash}"><button>play</button></form>
            """);

        await person.Page.GotoAsync(stranger.Address.ToString());
        Assert.DoesNotContain("Approve", await person.Page.Frames[^1].ContentAsync(), StringComparison.Ordinal);
        await person.Page.GetByText("play").ClickAsync();
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Heading, new() { Name = "Refused" })).ToBeVisibleAsync();
        Assert.Equal("pending", (await house.Gateway.ViewAsync(call)).Status);

        await person.Page.GotoAsync(stranger.Address.ToString());
        await person.Page.GetByText("win a prize").ClickAsync();
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Heading, new() { Name = "Approve this call?" })).ToBeVisibleAsync();
    }
}
