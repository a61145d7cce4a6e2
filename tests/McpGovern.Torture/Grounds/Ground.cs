using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Processes;

namespace McpGovern.Torture.Grounds;

/// <summary>What outlives the processes of a storm: a store, an upstream with its ledger, and settings whose policy is in a file.</summary>
internal sealed class Ground : IAsyncDisposable
{
    private readonly string policyFile;
    private readonly bool idempotent;
    private int written;

    private Ground(CrashWorld world, PaymentsUpstream upstream, bool idempotent)
    {
        (World, Upstream, this.idempotent) = (world, upstream, idempotent);
        policyFile = Path.Combine(Path.GetDirectoryName(world.Settings)!, "policy.yaml");
    }

    public CrashWorld World { get; }

    public PaymentsUpstream Upstream { get; }

    /// <param name="idempotent">That a payment may be sent twice is declared: what must not happen otherwise will happen.</param>
    /// <param name="paysTwice">The upstream writes every payment twice.</param>
    public static async Task<Ground> CreateAsync(string store, bool prepare = true, string callTimeout = "1m", bool idempotent = false, bool paysTwice = false)
    {
        var world = await CrashWorld.CreateAsync(store, TimeSpan.Zero, prepare);
        var ground = new Ground(world, await PaymentsUpstream.StartAsync(world.Ledger, paysTwice), idempotent);
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(world.Settings))!.AsObject();
        settings.Remove("policy");
        settings["policies"] = new JsonArray("policy.yaml");
        settings["call_timeout"] = callTimeout;
        settings["caps"] = new JsonObject { ["pending_per_actor"] = 1_000_000 };
        settings["mcpServers"] = new JsonObject { ["payments"] = new JsonObject { ["type"] = "http", ["url"] = ground.Upstream.Endpoint.ToString() } };
        await File.WriteAllTextAsync(world.Settings, settings.ToJsonString());
        ground.ChangePolicy();
        return ground;
    }

    /// <summary>A new policy: the rule for <c>moved</c> payments is another one, those for all others stay.</summary>
    public void ChangePolicy() => WholeFile.Replace(policyFile, $$"""
        default: deny
        allow: [payments.fetch_payment_details]
        require_approval_for:
          - { tools: payments.submit, when: { payment_id: { glob: "short-*" } }, deadline: 1s }
          - { tools: payments.submit, when: { payment_id: { glob: "moved-*" } }, deadline: {{60 + (++written % 60)}}m }
          - { tools: payments.submit, deadline: 1h }
        {{(idempotent ? "tools: { payments.submit: { idempotent: true } }" : "")}}
        """);

    public async Task<string> StatusAsync(string callId) => Oracle.StatusOf((await World.Store.LoadAsync(callId, default))!);

    /// <summary>Calls for which something should still happen by itself.</summary>
    public async Task<IReadOnlyList<string>> UnfinishedAsync() =>
        [.. await World.IdsAsync("approved"), .. await World.IdsAsync("dispatching")];

    /// <summary>Looks again and again until nothing is unfinished.</summary>
    /// <returns>What is stuck.</returns>
    public async Task<IReadOnlyList<string>> FinishAsync(TimeSpan limit)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var unfinished = await UnfinishedAsync();
            if (unfinished.Count == 0 || TimeProvider.System.GetElapsedTime(began) > limit)
            {
                return unfinished;
            }

            await Task.Delay(100);
        }
    }

    /// <summary>How many lines the ledger has for each call.</summary>
    public Dictionary<string, int> Paid() => World.ReadLedger().GroupBy(line => line.CallId ?? "").ToDictionary(lines => lines.Key, lines => lines.Count());

    public async ValueTask DisposeAsync()
    {
        await Upstream.DisposeAsync();
        await World.DisposeAsync();
    }
}
