using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Server;
using McpGovern.Tests.Calls;
using McpGovern.Tests.ConsolePages;

namespace McpGovern.Tests.Security;

/// <summary>One person is one voice, by however many doors it comes, and speaks with the rights of the moment.</summary>
public sealed class OnePersonTests
{
    [Fact]
    [Trait("attack", "S29")]
    public async Task Quorum_OfTwo_CountsAPersonWhoComesByThreeDoorsOnce()
    {
        await using var house = await ConsoleHouse.OpenAsync("require_approval_for:\n  - { tools: echo, quorum: 2 }\n");
        var call = await house.Gateway.ParkAsync("echo");
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);
        var shell = new LocalDoor(house.Gateway, new Actor("alice", "os:al", "os") { Roles = Roles.All, PresenceProven = true });
        var (token, hash) = (ConsoleVisitor.TokenIn((await alice.GetAsync($"/approvals/{call}")).Html), (await house.Gateway.ViewAsync(call)).CallHash!);

        Assert.Equal("recorded", await OverRestAsync(house, call));
        await alice.PostAsync($"/approvals/{call}", new() { ["token"] = token, ["expected_hash"] = hash, ["decision"] = "approve" });
        Assert.Equal("already_recorded", (await shell.DecideAsync(call, "approved", null, null, null, default)).Answer);
        Assert.Equal("already_recorded", await OverRestAsync(house, call));

        var view = await house.Gateway.ViewAsync(call);
        Assert.Equal(("pending", new ApprovalCount(1, 2), "alice"), (view.Status, view.Approvals, Assert.Single(view.Decisions).By));
        Assert.Empty(house.Ledger);
        Assert.Equal(303, (await bob.DecideAsync(call, "approve")).Status);
        await house.Gateway.UntilAsync(call, "succeeded");
        Assert.Single(house.Ledger);
    }

    [Fact]
    [Trait("attack", "S8"), Trait("attack", "S44")]
    public async Task Groups_ChangedBetweenLookAndClick_AreThoseOfTheClick()
    {
        await using var house = await ConsoleHouse.OpenAsync("require_approval_for:\n  - { tools: echo, approvers: ['group:finance'] }\n");
        await house.ServeAsync([ConsoleHouse.Alice, ConsoleHouse.Bob with { Groups = ["finance"] }]);
        var call = (await house.Gateway.CallAsync("echo", by: Story.Alice)).CallId;
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        using var bob = await house.VisitorAsync(ConsoleHouse.BobKey);
        var (hers, his) = (await alice.GetAsync($"/approvals/{call}"), await bob.GetAsync($"/approvals/{call}"));
        Assert.Equal((false, true), (hers.HasButton("approve"), his.HasButton("approve")));
        var hash = (await house.Gateway.ViewAsync(call)).CallHash!;
        Dictionary<string, string> Fields(Page page) => new() { ["token"] = ConsoleVisitor.TokenIn(page.Html), ["expected_hash"] = hash, ["decision"] = "approve" };

        // Whoever asked comes into the group, and whoever could decide leaves it.
        await house.ServeAsync([ConsoleHouse.Alice with { Groups = ["finance"] }, ConsoleHouse.Bob]);
        var (self, late) = (await alice.PostAsync($"/approvals/{call}", Fields(hers)), await bob.PostAsync($"/approvals/{call}", Fields(his)));

        Assert.Equal(403, self.Status);
        Assert.Contains("(self_approval)", self.Text, StringComparison.Ordinal);
        Assert.Equal(404, late.Status);
        Assert.Equal("pending", (await house.Gateway.ViewAsync(call)).Status);
        await house.ServeAsync([ConsoleHouse.Alice, ConsoleHouse.Bob with { Groups = ["finance"] }]);
        Assert.Equal(303, (await bob.PostAsync($"/approvals/{call}", Fields(his))).Status);
    }

    private static async Task<string> OverRestAsync(ConsoleHouse house, string call)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(house.Address, $"/api/v1/calls/{call}/approve"))
        {
            Content = new StringContent("{}", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ConsoleHouse.AliceKey);
        using var response = await http.SendAsync(request);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("answer").GetString()!;
    }
}
