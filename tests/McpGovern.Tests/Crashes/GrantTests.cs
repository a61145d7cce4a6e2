using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Crashes;

/// <summary>Standing grants between processes: all that they share is the store.</summary>
public sealed class GrantTests
{
    private static readonly Actor Alice = new("alice", "key:alice", "key") { Roles = Roles.Caller | Roles.Approver };

    [SkippableTheory]
    [InlineData("sqlite", null)]
    [InlineData("postgres", null)]
    [InlineData("sqlite", HastyStore.BlindToUses)]
    public async Task LastUse_AskedForByTwoProcessesAtOnce_IsTakenOnce_UnlessTheyDoNotLook(string store, string? fault)
    {
        await using var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero);
        await using var approver = world.OpenGateway();
        await using var one = AgentClient.Launch(world.Settings, fault: fault);
        await using var two = AgentClient.Launch(world.Settings, fault: fault);
        // One after the other: a client whose first probe is answered late on a busy machine takes the server for an older one.
        Assert.True(await one.ConnectAsync());
        Assert.True(await two.ConnectAsync());
        const int Rounds = 8;
        for (var round = 0; round < Rounds; round++)
        {
            await GiveAsync(approver.GrantHandler, times: 1);
            var heard = await Task.WhenAll(one.SubmitAsync($"pay-{round}-1"), two.SubmitAsync($"pay-{round}-2"));
            // Where uses are not looked at, the same eyes see what that prevents.
            Assert.Equal(fault is null ? "approved pending" : "approved approved", string.Join(' ', heard.Select(h => h!.Status).Order()));
        }

        await Eventually.TrueAsync(() => world.ReadLedger().Count == (fault is null ? Rounds : 2 * Rounds), () => $"{world.ReadLedger().Count} ran");
        Assert.Equal(fault is null ? Rounds : 0, (await world.IdsAsync("pending")).Count);
    }

    [SkippableFact]
    public async Task Grant_ByTheCommandLine_CountsForAServer_UntilItIsRevoked()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var agent = AgentClient.Launch(world.Settings);
        Assert.True(await agent.ConnectAsync());
        var made = await RunAsync(world, "grants create", 0, null,
            "--tool", "payments.submit", "--for", CrashWorld.Agent, "--times", "5", "--until", "24h", "--when", """{"amount":{"lte":1}}""", "--comment", "nightly", "--json");
        var id = (string)JsonNode.Parse(made.Output)!["grant"]!["id"]!;
        Assert.Equal("approved", (await agent.SubmitAsync("pay-1"))!.Status);
        await Eventually.TrueAsync(() => world.ReadLedger().Count == 1, () => "it did not run");
        Assert.Contains($"{id}  live  payments.submit for {CrashWorld.Agent}, 1 of 5 used", (await RunAsync(world, "grants list", 0)).Output, StringComparison.Ordinal);

        await RunAsync(world, "grants revoke", 0, null, id, "--comment", "enough");
        Assert.Equal("pending", (await agent.SubmitAsync("pay-2"))!.Status);
        Assert.Contains($"{id}  revoked", (await RunAsync(world, "grants list", 0)).Output, StringComparison.Ordinal);
        await RunAsync(world, "grants revoke", 5, null, "grant_none");
    }

    [SkippableFact]
    public async Task Grant_OverRest_IsGivenByApproversAlone()
    {
        await using var world = await CrashWorld.CreateAsync("sqlite", TimeSpan.Zero);
        await using var server = await GovernProcess.ServeAsync(world.Settings);
        string[] over = ["--server", server.Address.GetLeftPart(UriPartial.Authority)];
        string[] create = ["--tool", "payments.submit", "--for", CrashWorld.Agent, "--times", "1", "--until", "1h", "--comment", "nightly", .. over];

        await RunAsync(world, "grants create", 4, CrashWorld.Agent, create);
        await RunAsync(world, "grants create", 4, CrashWorld.Operator, create);
        await RunAsync(world, "grants create", 2, "alice", [.. create, "--when", """{"amount":{"below":1}}"""]);
        await RunAsync(world, "grants create", 2, "alice", [.. create, "--when", "{"]);
        var made = await RunAsync(world, "grants create", 0, "alice", [.. create, "--when", """{"amount":{"lte":1}}""", "--json"]);
        var grant = JsonNode.Parse(made.Output)!["grant"]!;
        Assert.Equal(("live", 1), ((string?)grant["state"], (int)grant["when"]!["amount"]!["lte"]!));

        await RunAsync(world, "grants revoke", 4, CrashWorld.Agent, [(string)grant["id"]!, .. over]);
        await RunAsync(world, "grants revoke", 0, "bob", [(string)grant["id"]!, .. over]);
        Assert.Contains("revoked", (await RunAsync(world, "grants list", 0, "alice", over)).Output, StringComparison.Ordinal);
    }

    private static async Task GiveAsync(GrantHandler handler, int times)
    {
        var answer = await handler.CreateAsync(new(Alice, "rest", "payments.submit", CrashWorld.Agent, times, "1h", null, "a race"), default);
        Assert.True(answer.Accepted, answer.Message);
    }

    private static async Task<Finished> RunAsync(CrashWorld world, string verb, int exit, string? by = null, params string[] args)
    {
        var end = await GovernProcess.RunToEndAsync(verb, world.Settings, args, by is null ? null : new Dictionary<string, string?> { ["MCPGOVERN_KEY"] = CrashWorld.KeyOf(by) });
        Assert.True(end.ExitCode == exit, $"{verb} {string.Join(' ', args)}: {end}");
        return end;
    }
}
