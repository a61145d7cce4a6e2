using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Storage;
using McpGovern.Tests.Examples;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Clients;

/// <summary>The public TypeScript clients, asked about parked calls: what their answers are worth, and what is recorded of them.</summary>
public sealed class AskedClientTests
{
    private const string Pages = "https://gate.example/approve-here";

    private static readonly object Policy = new
    {
        @default = "deny",
        require_approval_for = new object[]
        {
            new { tools = new[] { "payments.submit" }, when = new { payment_id = new { glob = "page-*" } } },
            new
            {
                tools = new[] { "payments.submit" },
                when = new { payment_id = new { regex = "^(yes|no|decline|cancel|empty)-.*$" } },
                ask = "form",
                self_approval = true,
                approvers = new[] { "agent:*" },
            },
        },
    };

    public static TheoryData<string, Door> Clients => new()
    {
        { "v1", Door.Stdio },
        { "v1", Door.Http },
        { "v2", Door.Stdio },
        { "v2", Door.Http },
        { "v2-pin", Door.Stdio },
        { "v2-pin", Door.Http },
    };

    [SkippableTheory, MemberData(nameof(Clients))]
    public async Task Client_ThatIsAskedInAForm_DecidesByYesAndNoAndByNothingElse(string sdk, Door door)
    {
        await using var governed = await StartAsync(door);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target, asked: true);
        string[] payments = ["yes-1", "no-1", "decline-1", "cancel-1", "empty-1"];

        var heard = await client.CallAllAsync("submit", payments.Select(Payment));

        Assert.True(heard["ok"]!.GetValue<bool>(), $"{heard.ToJsonString()}\n{client.Errors}");
        Assert.Equal(payments.Length, heard["questions"]!.AsArray().Count);
        Assert.Equal("paid 1 EUR for yes-1", (string?)heard["answers"]![0]!["result"]!["content"]![0]!["text"]);
        Assert.All(heard["answers"]!.AsArray().Skip(1), answer => Assert.True((bool?)answer!["result"]!["isError"], answer.ToJsonString()));

        await using var store = await OpenStoreAsync(governed);
        var calls = await CallsAsync(store);
        Assert.Equal("succeeded", calls["yes-1"].View.Status);
        Assert.Equal("rejected", calls["no-1"].View.Status);
        Assert.All(payments[2..], payment => Assert.Equal(("pending", 2), (calls[payment].View.Status, calls[payment].Events.Count)));
        foreach (var (payment, decision) in new[] { ("yes-1", "approved"), ("no-1", "rejected") })
        {
            var recorded = Assert.Single(calls[payment].Events.OfType<ApprovalReceived>());
            Assert.Equal((decision, "elicitation", "unproven", true), (recorded.Decision, recorded.Via, recorded.Presence, recorded.SelfApproved));
            Assert.Equal((calls[payment].View.RequestedBy, calls[payment].View.CallHash), (recorded.Decider, recorded.SeenHash));
        }

        Assert.Equal("yes-1", (string?)Assert.Single(PaymentsExample.ReadLedger(Ledger(governed)))["payment_id"]);
    }

    [SkippableTheory, MemberData(nameof(Clients))]
    public async Task Client_ThatOpensThePage_GetsTheResultOfWhoeverDecidesThere(string sdk, Door door)
    {
        await using var governed = await StartAsync(door);
        await using var client = await NodeClient.ConnectAsync(sdk, governed.Target, asked: true);

        var calling = client.CallAllAsync("submit", Payment("page-1"));
        await using var store = await OpenStoreAsync(governed);
        var id = "";
        await Eventually.TrueAsync(
            async () => (id = (await CallsAsync(store)).Values.SingleOrDefault(call => call.View.Status == "pending")?.Id ?? "") != "",
            () => $"nothing was parked\n{client.Errors}");
        var alice = new Actor("alice", "login:alice", "login") { Roles = Roles.Approver, PresenceProven = true };
        await new CallStreams(store, TimeProvider.System).ExecuteAsync(
            id, new CallCommand.Approve(alice, null, "console", null, DateTimeOffset.UtcNow), CancellationToken.None);
        var heard = await calling;

        Assert.Equal("paid 1 EUR for page-1", (string?)heard["answers"]![0]!["result"]?["content"]![0]!["text"]);
        var question = Assert.Single(heard["questions"]!.AsArray())!;
        Assert.Equal(("url", $"{Pages}/approvals/{id}"), ((string?)question["mode"], (string?)question["url"]));
        Assert.Contains("log in there", (string?)question["message"], StringComparison.Ordinal);
        var call = (await CallsAsync(store))["page-1"];
        Assert.Equal(("succeeded", "alice"), (call.View.Status, Assert.Single(call.Events.OfType<ApprovalReceived>()).Decider));
        Assert.Single(PaymentsExample.ReadLedger(Ledger(governed)));
    }

    private static object Payment(string id) => new { payment_id = id, amount = 1, currency = "EUR" };

    private static string Ledger(GovernedServer governed) => governed.Folder.File("ledger.jsonl");

    private static async Task<GovernedServer> StartAsync(Door door)
    {
        await NodeTools.RequireAsync();
        return await GovernedServer.StartAsync(
            door, "payments", folder => PaymentsExample.Upstream(folder.File("ledger.jsonl")), Policy, hold: "8s", publicUrl: Pages);
    }

    private static async Task<ICallStore> OpenStoreAsync(GovernedServer governed)
    {
        var store = CallStores.Open($"sqlite:{governed.Folder.File("data/mcpgovern.db")}", TimeProvider.System, NullLoggerFactory.Instance);
        await store.PrepareAsync(default);
        return store;
    }

    private static async Task<Dictionary<string, LoadedCall>> CallsAsync(ICallStore store) =>
        (await store.ListAsync(new CallQuery([], 200), default)).Calls
            .Select(call => new LoadedCall(call.CallId, call.Events, Call.Replay(call.Events)))
            .ToDictionary(call => (string)JsonNode.Parse(call.Known.Call.Arguments)!["payment_id"]!);
}
