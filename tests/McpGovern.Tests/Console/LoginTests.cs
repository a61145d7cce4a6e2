using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.ConsolePages;

/// <summary>Who gets to see a page, and until when.</summary>
public sealed class LoginTests
{
    private const string Call = "call_01939c5e00007000800000000000000a";

    [Theory]
    [InlineData($"approvals/{Call}", $"approvals/{Call}")]
    [InlineData("approvals", "approvals")]
    [InlineData("", "approvals")]
    [InlineData("https://evil.example/approvals", "approvals")]
    [InlineData("//evil.example", "approvals")]
    [InlineData("/\\evil.example", "approvals")]
    [InlineData("approvals/../logout", "approvals")]
    [InlineData("approvals/https:", "approvals")]
    [InlineData("api/v1/calls", "approvals")]
    public async Task Login_WithAPersonsKey_LeadsToAPageOfOurs(string to, string location)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = house.Visitor();

        var page = await visitor.LoginAsync(ConsoleHouse.AliceKey, to);

        Assert.Equal((303, location), (page.Status, page.Location));
        Assert.Contains("alice", (await visitor.GetAsync("/approvals")).Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", "approvals")]
    [InlineData("/approvals", "login?to=approvals")]
    [InlineData("/approvals/", "../login?to=approvals")]
    [InlineData($"/approvals/{Call}", $"../login?to=approvals/{Call}")]
    [InlineData("/approvals/%2F%2Fevil.example", "../login?to=approvals")]
    public async Task Get_WithoutALogin_AsksForOneAndRemembersTheCall(string path, string location)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = house.Visitor();

        var page = await visitor.GetAsync(path);

        Assert.Equal(303, page.Status);
        Assert.Equal(path == "/" ? "login?to=approvals" : location, page.Location);
    }

    [Theory]
    [InlineData("wrong", "not known")]
    [InlineData("", "not known")]
    [InlineData(ConsoleHouse.AliceKey + "x", "not known")]
    [InlineData(ConsoleHouse.AgentKey, "agent")]
    public async Task Login_WithNoPersonsKey_IsRefused(string key, string why)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = house.Visitor();

        var page = await visitor.LoginAsync(key);

        Assert.Equal(401, page.Status);
        Assert.Contains(why, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(visitor.Cookies.GetAllCookies(), cookie => cookie.Name.Contains("login", StringComparison.Ordinal));
        Assert.True(key.Length == 0 || !page.Html.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("attack", "S6")]
    public async Task Login_AfterTenWrongKeys_HasToWaitEvenWithTheRightOne()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = house.Visitor();
        for (var i = 0; i < 12; i++)
        {
            (await house.VisitorAsync(ConsoleHouse.AliceKey)).Dispose();
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(401, (await visitor.LoginAsync($"wrong {i}")).Status);
        }

        var refused = await visitor.LoginAsync(ConsoleHouse.AliceKey);
        Assert.Equal(429, refused.Status);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        house.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(303, (await visitor.LoginAsync(ConsoleHouse.AliceKey)).Status);
    }

    [Fact]
    public async Task Login_WithoutItsFormsToken_IsRefused()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = house.Visitor();
        using var stranger = house.Visitor();
        var foreign = ConsoleVisitor.TokenIn((await stranger.GetAsync("/login")).Html);

        Assert.Equal(400, (await visitor.PostAsync("/login", new() { ["key"] = ConsoleHouse.AliceKey })).Status);
        Assert.Equal(400, (await visitor.PostAsync("/login", new() { ["key"] = ConsoleHouse.AliceKey, ["token"] = foreign })).Status);
        Assert.Equal(303, (await visitor.GetAsync("/approvals")).Status);
    }

    [Theory]
    [InlineData(null, "mcpgovern-login-0", false)]
    [InlineData("https://gate.example/govern", "__Host-mcpgovern-login", true)]
    public async Task Cookie_OfALogin_IsForNobodyElse(string? publicUrl, string name, bool secure)
    {
        await using var house = await ConsoleHouse.OpenAsync(publicUrl: publicUrl is null ? null : new Uri(publicUrl));
        using var visitor = house.Visitor();
        var form = await visitor.GetAsync("/login");
        var formCookie = form.Headers.GetValues("Set-Cookie").Single();
        Assert.Equal(secure, formCookie.StartsWith("__Host-", StringComparison.Ordinal));

        var page = await visitor.PostAsync("/login", new() { ["token"] = ConsoleVisitor.TokenIn(form.Html), ["key"] = ConsoleHouse.AliceKey },
            secure ? [("Cookie", formCookie.Split(';')[0])] : []);

        var cookie = page.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith(name, StringComparison.Ordinal));
        var flags = cookie.Split("; ").Skip(1).ToArray();
        Assert.Equal(secure ? ["path=/", "secure", "samesite=strict", "httponly"] : ["path=/", "samesite=strict", "httponly"], flags);
        Assert.DoesNotContain(ConsoleHouse.AliceKey, cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookie_AfterTheLogout_OpensNothingAnyMore()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = await house.VisitorAsync(ConsoleHouse.AliceKey);
        var stolen = string.Join("; ", visitor.Cookies.GetAllCookies().Select(c => $"{c.Name}={c.Value}"));
        using var thief = house.Visitor();
        Assert.Equal(200, (await thief.GetAsync("/approvals", ("Cookie", stolen))).Status);

        var page = await visitor.PostAsync("/logout", new() { ["token"] = ConsoleVisitor.TokenIn((await visitor.GetAsync("/approvals")).Html) });

        Assert.Equal((303, "login"), (page.Status, page.Location));
        Assert.Equal(303, (await visitor.GetAsync("/approvals")).Status);
        Assert.Equal(303, (await thief.GetAsync("/approvals", ("Cookie", stolen))).Status);
    }

    [Fact]
    public async Task Login_LeftAloneForAnHour_Ends()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = await house.VisitorAsync(ConsoleHouse.AliceKey);

        house.Time.Advance(TimeSpan.FromMinutes(61));

        Assert.Equal(303, (await visitor.GetAsync("/approvals")).Status);
    }

    [Fact]
    public async Task Login_InUse_EndsAfterEightHoursAndNotBefore()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = await house.VisitorAsync(ConsoleHouse.AliceKey);
        for (var minutes = 40; minutes < 8 * 60; minutes += 40)
        {
            house.Time.Advance(TimeSpan.FromMinutes(40));
            Assert.Equal((200, minutes), ((await visitor.GetAsync("/approvals")).Status, minutes));
        }

        house.Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal(303, (await visitor.GetAsync("/approvals")).Status);
    }

    [Fact]
    public async Task Login_OfARevokedKey_EndsAtOnce()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = await house.VisitorAsync(ConsoleHouse.AliceKey);
        await house.ServeAsync([ConsoleHouse.Alice, ConsoleHouse.Bob]);
        Assert.Equal(200, (await visitor.GetAsync("/approvals")).Status);

        await house.ServeAsync([ConsoleHouse.Alice with { Key = "another-key-of-alice-0123456789" }, ConsoleHouse.Bob]);

        Assert.Equal(303, (await visitor.GetAsync("/approvals")).Status);
    }

    [Fact]
    [Trait("attack", "S44")]
    public async Task Login_WhoseRolesChange_HasThoseOfNow()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        using var visitor = await house.VisitorAsync(ConsoleHouse.BobKey);
        Assert.True((await visitor.GetAsync($"/approvals/{call}")).HasButton("approve"));

        await house.ServeAsync([ConsoleHouse.Bob with { Roles = Roles.Auditor }]);

        var page = await visitor.GetAsync($"/approvals/{call}");
        Assert.Equal((200, false), (page.Status, page.HasButton("approve")));
    }

    [Theory]
    [InlineData("GET", "/api/v1/calls")]
    [InlineData("GET", "/executions/x/approvals")]
    [InlineData("POST", "/api/v1/calls/x/approve")]
    [InlineData("POST", "/mcp")]
    public async Task Cookie_OnAnotherDoor_IsNoCredential(string method, string path)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = await house.VisitorAsync(ConsoleHouse.AliceKey);

        Assert.Equal(401, (await visitor.SendAsync(new(new HttpMethod(method), new Uri(house.Address, path)))).Status);
    }

    [Fact]
    public async Task Key_OnAPage_IsNoLogin()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var visitor = house.Visitor();

        Assert.Equal(303, (await visitor.GetAsync("/approvals", ("Authorization", $"Bearer {ConsoleHouse.AliceKey}"))).Status);
    }
}
