using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.Policy;
using McpGovern.Server;
using McpGovern.Settings;

namespace McpGovern.Tests.Security;

/// <summary>Whoever asked does not decide, in whatever dress it comes back: refused on every door, and nothing is appended.</summary>
public sealed class SelfApprovalTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    private const string Page = "the page";

    private static readonly Dictionary<string, string> Forged = new()
    {
        ["X-User"] = "bob",
        ["X-Forwarded-User"] = "bob",
        ["X-Remote-User"] = "bob",
        ["Remote-User"] = "bob",
        ["X-Actor"] = "bob",
        ["Forwarded"] = "for=127.0.0.1;by=bob",
        ["X-Tenant"] = "another",
    };

    private static readonly Dictionary<string, string> ForgedMembers = new()
    {
        ["user_id"] = "bob",
        ["tenant_id"] = "another",
        ["actor"] = "bob",
        ["approver"] = "bob",
        ["by"] = "bob",
        ["credential"] = "key:bob",
        ["self_approval"] = "true",
    };

    private readonly Dictionary<string, string> keys = [];

    public static TheoryData<string, string, string, string> Pairs => new()
    {
        { "the same key", "key", "key", "pay" },
        { "a second key of the same owner", "key", "second key", "pay" },
        { "asked with the second key", "second key", "key", "pay" },
        { "two keys that were made", "second key", "third key", "pay" },
        { "a token of the same person", "key", "token", "pay" },
        { "asked with a token", "token", "key", "pay" },
        { "asked by an agent that acts for the person", "acting token", "key", "pay" },
        { "decided by an agent that acts for the person, and is named by the rule", "key", "acting token", "big" },
        { "in the group of the rule's approvers", "key", "key", "steps" },
        { "in the group, with the second key", "second key", "key", "steps" },
        { "named by the rule", "key", "key", "big" },
        { "asked by an agent that acts for the person, decided with another key", "acting token", "second key", "pay" },
        { "asked by an agent that acts for the person, decided with the person's token", "acting token", "token", "pay" },
        { "asked by an agent that acts for the person, who is named by the rule", "acting token", "key", "big" },
        { "asked over stdio", "stdio", "key", "pay" },
        { "asked over stdio, decided with a token", "stdio", "token", "pay" },
        { "asked over stdio, decided by an agent that acts for the person, and is named by the rule", "stdio", "acting token", "big" },
        { "headers that name somebody else", "key", "key with headers", "pay" },
        { "members that name somebody else", "key", "key with members", "pay" },
    };

    [Theory, MemberData(nameof(Pairs))]
    [Trait("attack", "S8"), Trait("attack", "S9")]
    public async Task Decision_OfWhoeverAsked_IsRefusedOnEveryDoor(string what, string asks, string decides, string tool)
    {
        // No token opens a page at all: see Login_WithATokenOrAnAgentsKey_IsNone.
        var doors = Doors.Where(door => door.Door != Page || !decides.EndsWith("token", StringComparison.Ordinal)).ToArray();
        Assert.InRange(doors.Length, 4, 5);
        foreach (var (door, decide) in doors)
        {
            var id = await AskAsync(asks, tool);
            var before = (await house.EventsAsync(id)).Count;

            var answer = await decide(id, decides);

            Assert.True(answer == "self_approval", $"{what}, over {door}: {answer}");
            Assert.Equal(before, (await house.EventsAsync(id)).Count);
        }
    }

    [Fact]
    public void Pairs_AreTwelveAtLeast() => Assert.InRange(Pairs.Count, 12, 100);

    public static TheoryData<string, string> Asked
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var asks in (string[])["key", "second key", "token", "acting token", "stdio"])
            {
                foreach (var tool in (string[])["pay", "steps", "big"])
                {
                    all.Add(asks, tool);
                }
            }

            return all;
        }
    }

    /// <summary>The command line of the user whom the settings name as alice, and a stdio launch that speaks for her.</summary>
    [Theory, MemberData(nameof(Asked))]
    [Trait("attack", "S8")]
    public async Task Decision_OfWhoeverAsked_IsRefusedAtTheCommandLineAndOverStdio(string asks, string tool)
    {
        foreach (var (door, decide) in LocalDoors)
        {
            var by = door == "MCP over stdio" ? StdioActor.From("alice", [new("alice", Roles.Caller | Roles.Approver, ["finance"], null)], "somebody") : CommandLine("alice");
            var id = await AskAsync(asks, tool);

            Assert.Equal($"{door} self_approval", $"{door} {await decide(id, by)}");
            Assert.Equal(2, (await house.EventsAsync(id)).Count);
        }
    }

    [Fact]
    [Trait("attack", "S8")]
    public async Task Decision_InTheSessionThatAsked_IsRefused_WhoeverSpeaksInIt()
    {
        var asker = StdioActor.From("agent:coder", [], "somebody");
        var bob = CommandLine("bob") with { Credential = "key:bob", AuthMethod = "key" };
        foreach (var (door, decide) in LocalDoors)
        {
            var id = await AskAsync(asker, "pay");
            Assert.Equal($"{door} self_approval", $"{door} {await decide(id, bob with { Session = asker.Session })}");
            Assert.Equal(2, (await house.EventsAsync(id)).Count);
            Assert.NotEqual("self_approval", await decide(id, bob with { Session = StdioActor.From("bob", [], "somebody").Session }));
            Assert.Equal("bob", (await house.EventsAsync(id)).OfType<ApprovalReceived>().Single().Decider);
        }
    }

    /// <summary>Whoever launched an agent is not who the agent speaks for, and another person is another.</summary>
    [Theory]
    [InlineData("agent over stdio", "alice")]
    [InlineData("acting token", "bob")]
    [InlineData("key", "bob")]
    public async Task Decision_AtTheCommandLine_OfSomebodyElse_IsRecorded(string asks, string decides)
    {
        var id = asks == "agent over stdio" ? await AskAsync(StdioActor.From("agent:coder", [], Environment.UserName), "pay") : await AskAsync(asks, "pay");

        Assert.Equal("recorded", await LocalDoors[0].Decide(id, CommandLine(decides)));
        Assert.Equal((decides, "cli"), (await house.EventsAsync(id)).OfType<ApprovalReceived>().Select(e => (e.Decider, e.Via)).Single());
    }

    [Fact]
    [Trait("attack", "S8")]
    public async Task Decision_OfSomebodyElse_IsRecordedOnEveryDoor()
    {
        foreach (var (door, decide) in Doors.Where(door => door.Door != "REST, rejecting"))
        {
            var id = await AskAsync("key", "steps");
            Assert.Equal($"{door} recorded", $"{door} {await decide(id, "bob")}");
            Assert.Equal(("bob", "key:bob"), (await house.EventsAsync(id)).OfType<ApprovalReceived>().Select(e => (e.Decider, e.Credential)).Single());
        }
    }

    [Fact]
    [Trait("attack", "S9")]
    public async Task Requester_IsTheCredentials_WhateverArgumentsAndHeadersSay()
    {
        var arguments = JsonSerializer.Serialize(new Dictionary<string, string>(ForgedMembers) { ["id"] = Guid.NewGuid().ToString("N") });
        var body = McpGovern.Tests.Server.ModernClient.Body("tools/call", $"\"name\":\"pay\",\"arguments\":{arguments},\"user_id\":\"bob\",",
            McpGovern.Tests.Server.ModernClient.Meta(more: ",\"user_id\":\"bob\",\"mcpgovern/actor\":\"bob\""));
        using var request = McpGovern.Tests.Server.ModernClient.Post(new Uri(house.Serve.Address, "/mcp"), SecurityHouse.KeyOf("alice"), body, "pay");
        foreach (var (name, value) in Forged)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var (_, answer) = await McpGovern.Tests.Server.ModernClient.AskAsync(house.Http, request);
        var id = answer.GetProperty("result").GetProperty("_meta").GetProperty("mcpgovern/call").GetProperty("call_id").GetString()!;

        var asked = (CallSubmitted)(await house.EventsAsync(id))[0];
        Assert.Equal(("alice", "key:alice", "default"), (asked.RequestedBy, asked.Credential, asked.Tenant));
    }

    [Fact]
    [Trait("attack", "S8")]
    public async Task Session_OfTheRequester_WithAnApproversKey_IsNotItsSession()
    {
        var session = await house.OpenSessionAsync(SecurityHouse.KeyOf("alice"));
        using var request = house.Request("POST", "/mcp", SecurityHouse.KeyOf("bob"), """{"jsonrpc":"2.0","id":5,"method":"tools/list"}""");
        request.Headers.Add("Mcp-Session-Id", session);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");

        Assert.Equal(404, (await house.SendAsync(request)).Status);
    }

    [Fact]
    [Trait("attack", "S8")]
    public async Task Login_WithATokenOrAnAgentsKey_IsNone()
    {
        using var visitor = house.Visitor();
        foreach (var key in (string[])[house.TokenOf(), house.TokenOf("coder"), await house.MakeKeyAsync($"agent:{Guid.NewGuid():n}", "approver")])
        {
            Assert.Equal(401, (await visitor.LoginAsync(key)).Status);
        }
    }

    private (string Door, Func<string, string, Task<string>> Decide)[] Doors =>
    [
        ("REST", (id, who) => RestAsync($"/api/v1/calls/{id}/approve", who)),
        ("REST, rejecting", (id, who) => RestAsync($"/api/v1/calls/{id}/reject", who)),
        ("JamJet's route", (id, who) => RestAsync($"/executions/{id}/approve", who)),
        ("MCP", McpAsync),
        (Page, PageAsync),
    ];

    private (string Door, Func<string, Actor, Task<string>> Decide)[] LocalDoors =>
    [
        ("command line, approving", async (id, by) => (await At(by).DecideAsync(id, "approved", null, null, null, default)).Answer),
        ("command line, rejecting", async (id, by) => (await At(by).DecideAsync(id, "rejected", null, null, null, default)).Answer),
        ("command line, several at once", async (id, by) => (await At(by).DecideAllAsync(await house.BatchAsync(id), default)).Decisions.Single().Answer),
        ("MCP over stdio", async (id, by) =>
        {
            var told = await new ApproveTool(house.Gateway.Decisions, () => true).CallAsync(by, JsonArguments.Read($$"""{"call_id":"{{id}}","decision":"approved"}"""), default);
            return WordIn(new McpGovern.Tests.Calls.Told(told).Json.GetProperty("structuredContent"));
        }),
    ];

    private LocalDoor At(Actor actor) => new(house.Gateway, actor);

    /// <summary>Who runs a command here, where the settings say of this user that it is that actor.</summary>
    private static Actor CommandLine(string actor) => Composition.CommandLineActor(new GovernSettings(
        null, "", null, "sqlite:calls.db", default, new Uri("http://127.0.0.1"), PolicySet.Create([]), [], [],
        [new ActorConfig(actor, ["finance"], [], null, Environment.UserName)], Caps.Default, default, default, "test", null));

    private async Task<string> AskAsync(string asks, string tool)
    {
        if (asks != "stdio")
        {
            return await house.ParkAsync(await BearerAsync(asks), tool);
        }

        return await AskAsync(StdioActor.From("alice", [], "somebody"), tool);
    }

    private async Task<string> AskAsync(Actor actor, string tool) => new McpGovern.Tests.Calls.Told(
        await house.Gateway.Calls.HandleAsync(new ToolCallRequest(actor, tool, $$"""{"id":"{{Guid.NewGuid()}}"}"""), default)).CallId;

    private static string WordIn(JsonElement answer) => answer.TryGetProperty("code", out var code) ? code.GetString()! : answer.GetProperty("answer").GetString()!;

    private async Task<string> BearerAsync(string credential)
    {
        switch (credential)
        {
            case "token": return house.TokenOf();
            case "acting token": return house.TokenOf("coder");
            case "bob": return SecurityHouse.KeyOf("bob");
            case "second key" or "third key":
                if (!keys.TryGetValue(credential, out var key))
                {
                    // No more than two may live, and the house is shared by all pairs.
                    if (keys.Count == 0)
                    {
                        await house.RevokeKeysAsync("alice");
                    }

                    keys[credential] = key = await house.MakeKeyAsync("alice", "caller", "approver");
                }

                return key;
            default: return SecurityHouse.KeyOf("alice");
        }
    }

    private async Task<string> RestAsync(string path, string who)
    {
        var members = new Dictionary<string, string>(who == "key with members" ? ForgedMembers : []) { ["decision"] = "approved" };
        using var request = house.Request("POST", path, await BearerAsync(who), JsonSerializer.Serialize(members));
        foreach (var (name, value) in who == "key with headers" ? Forged : [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return WordIn(JsonElement.Parse((await house.SendAsync(request)).Body));
    }

    private async Task<string> McpAsync(string id, string who)
    {
        var members = new Dictionary<string, string>(who == "key with members" ? ForgedMembers : []) { ["decision"] = "approved", ["call_id"] = id };
        return WordIn((await house.CallAsync(await BearerAsync(who), "jamjet_approve", JsonSerializer.Serialize(members))).GetProperty("structuredContent"));
    }

    private async Task<string> PageAsync(string id, string who)
    {
        using var visitor = house.Visitor();
        Assert.Equal(303, (await visitor.LoginAsync(await BearerAsync(who))).Status);
        var fields = new Dictionary<string, string>(who == "key with members" ? ForgedMembers : [])
        {
            ["token"] = ConsolePages.ConsoleVisitor.TokenIn((await visitor.GetAsync($"/approvals/{id}")).Html),
            ["expected_hash"] = (await house.EventsAsync(id)).OfType<ToolApprovalRequired>().Single().CallHash,
            ["decision"] = "approve",
        };
        var page = await visitor.PostAsync($"/approvals/{id}", fields, [.. (who == "key with headers" ? Forged : []).Select(header => (header.Key, header.Value))]);
        return page.Status == 303 ? "recorded" : page.Status == 403 && page.Text.Contains("(self_approval)", StringComparison.Ordinal) ? "self_approval" : page.Text;
    }
}
