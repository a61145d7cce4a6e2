using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Tests.Crashes;
using McpGovern.Tests.Storage;

namespace McpGovern.Torture.Grounds;

/// <summary>
/// A gateway starts over a store whose calls were mutated in every state that a sweep looks for: it lives, opens no gate for them, and does
/// everything for the sound ones beside them. Payments may be sent again, so that a dead process's calls can open one too.
/// </summary>
internal sealed class PoisonedGround(Ground ground, Tally tally, Random random)
{
    public const int Streams = 125;

    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(20), SomeSweeps = TimeSpan.FromSeconds(5), PastDue = TimeSpan.FromSeconds(1.2);
    private static readonly string[] States = ["pending", "past due", "approved", "deferred", "dispatching"];
    private static readonly Actor Alice = new("alice", "test:alice", "test") { Roles = Roles.Approver };
    private static readonly Actor Agent = new(CrashWorld.Agent, "test:agent", "test");

    private readonly HashSet<string> poisoned = [];

    /// <summary>What becomes of them by itself.</summary>
    private readonly Dictionary<string, string> sound = [];

    /// <param name="isUnbound">The gateway runs whatever is stored by now.</param>
    public async Task LiveAsync(bool isUnbound)
    {
        await FillAsync();
        await Task.Delay(PastDue);
        await using var agent = isUnbound ? AgentClient.Launch(ground.World.Settings, "0s", HastyStore.BlindToHashes) : AgentClient.LaunchHttp(ground.World.Settings, "0s");
        if (!await agent.ConnectAsync())
        {
            throw new InvalidOperationException($"no gateway over poisoned events: {agent.Process.Errors}");
        }

        // Of the bug only what it pays counts.
        await (isUnbound ? Task.Delay(SomeSweeps) : ServeAsync(agent));
        await JudgeAsync();
    }

    private async Task FillAsync()
    {
        await using var gateway = ground.World.OpenGateway();
        await gateway.OpenAsync(default);
        for (var n = 0; n < Streams; n++)
        {
            poisoned.Add(await MakeAsync(gateway, States[n % States.Length], $"poison-{n}"));
        }

        foreach (var (state, end) in new[] { ("pending", "pending"), ("past due", "expired"), ("approved", "succeeded"), ("deferred", "succeeded"), ("dispatching", "succeeded") })
        {
            sound[await MakeAsync(gateway, state, "sound")] = end;
        }

        await using var raw = await RawEvents.OpenAsync(ground.World.StoreText);
        foreach (var callId in poisoned)
        {
            // What was approved is not what is stored: the most that a reader could fall for.
            await (random.Next(3) == 0 ? raw.ForgeAsync(callId, "EUR", "USD") : raw.MutateAsync(callId, random));
            tally.Count();
        }

        tally.Note("mutated before a gateway started", poisoned.Count);
    }

    private async Task<string> MakeAsync(Gateway gateway, string state, string name)
    {
        var payment = $"{(state == "past due" ? "short" : state == "pending" ? "moved" : "pay")}-{name}-{state.Replace(' ', '-')}";
        var asked = new ToolCallRequest(Agent, "submit", $$"""{"payment_id":"{{payment}}","amount":1,"currency":"EUR"}""") { AnswerParkedAtOnce = true };
        var callId = await gateway.Calls.HandleAsync(asked, default) is CallAnswer.Parked parked
            ? parked.Call.Id : throw new InvalidOperationException($"{payment} was not parked");
        var now = TimeProvider.System.GetUtcNow();
        var hash = (await ground.World.Store.LoadAsync(callId, default))!.Events.OfType<ToolApprovalRequired>().Single().CallHash;
        CallCommand[] further = state switch
        {
            "approved" => [new CallCommand.Approve(Alice, null, "rest", null, now)],
            "deferred" => [new CallCommand.Approve(Alice, null, "rest", null, now), new CallCommand.Defer(null, "away", now, now)],
            "dispatching" => [new CallCommand.Approve(Alice, null, "rest", null, now), new CallCommand.Dispatch(hash, "proc_dead", callId, now)],
            _ => [],
        };
        foreach (var command in further)
        {
            if (!await ground.World.Store.RecordAsync(callId, command))
            {
                throw new InvalidOperationException($"{command.GetType().Name} of {payment} was refused");
            }
        }

        return callId;
    }

    private async Task ServeAsync(AgentClient agent)
    {
        using var alice = new RestDecider(agent.Address, "alice");
        var parked = (await agent.SubmitAsync("pay-sound-beside"))!.CallId!;
        if (await alice.ApproveAsync(parked) is not "recorded" and var word)
        {
            tally.Violation($"a sound call beside poisoned ones was not approved: {word}");
        }

        sound[parked] = "succeeded";
        await UntilSoundAsync(agent);
        await ListAsync(agent);
        // Every pending call is read and compared with it.
        ground.ChangePolicy();
        sound[sound.Single(call => call.Value == "pending").Key] = "invalidated";
        await Task.Delay(SomeSweeps);
        await UntilSoundAsync(agent);
        if (agent.Process.HasExited || agent.Process.Errors.Contains("Unhandled exception", StringComparison.Ordinal))
        {
            tally.Violation($"the gateway broke over poisoned events: {agent.Process.Errors}");
        }
        else if ((await agent.Process.StopAsync()).ExitCode is not 0 and var code)
        {
            tally.Violation($"the gateway ended with {code} over poisoned events: {agent.Process.Errors}");
        }
    }

    private async Task UntilSoundAsync(AgentClient agent)
    {
        var began = TimeProvider.System.GetTimestamp();
        foreach (var (callId, end) in sound)
        {
            while (await ground.StatusAsync(callId) is var status && status != end)
            {
                if (agent.Process.HasExited || TimeProvider.System.GetElapsedTime(began) > InTime)
                {
                    tally.Violation($"sound {callId} beside poisoned ones is {status}, not {end}; {agent.Process.Errors}");
                    break;
                }

                await Task.Delay(50);
            }
        }

        tally.NoteMost("most seconds until the sound calls were ended", (long)Math.Ceiling(TimeProvider.System.GetElapsedTime(began).TotalSeconds));
    }

    private async Task ListAsync(AgentClient agent)
    {
        using var http = CrashWorld.ClientOf(agent.Address, "alice");
        using var answer = await http.GetAsync(new Uri("/api/v1/calls?status=pending,approved,dispatching,expired,succeeded&limit=200", UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        var listed = answer.IsSuccessStatusCode ? JsonNode.Parse(text)!["calls"]!.AsArray().Select(call => (string)call!["call_id"]!).ToHashSet() : [];
        if (!sound.Keys.All(listed.Contains))
        {
            tally.Violation($"a list beside poisoned calls lacks sound ones: {(int)answer.StatusCode}, {listed.Count} listed");
        }
    }

    private async Task JudgeAsync()
    {
        foreach (var (callId, times) in ground.Paid())
        {
            if (times != 1)
            {
                tally.Violation($"{callId} was paid {times} times beside poisoned calls");
            }

            if (!poisoned.Contains(callId))
            {
                if (sound.GetValueOrDefault(callId) != "succeeded")
                {
                    tally.Violation($"{callId} was paid, and nobody approved it");
                }
            }
            else if (await WhyNotAsync(callId) is { } why)
            {
                tally.Violation($"a poisoned history opened a gate: {callId} {why}");
            }
            else
            {
                tally.Note("paid, as a mutated history still allows");
            }
        }
    }

    /// <returns><c>null</c> where it reads as approved, before it was started, for exactly what it says was submitted.</returns>
    private async Task<string?> WhyNotAsync(string callId)
    {
        try
        {
            var events = (await ground.World.Store.LoadAsync(callId, default))!.Events;
            var started = events.ToList().FindLastIndex(e => e is DispatchStarted);
            return Call.Replay(events.Take(started)) is not (CallState.Approved or CallState.Dispatching) ? "was not approved when it was sent"
                : events.OfType<ToolApprovalRequired>().Single() is var gate && gate.CallHash != CallHash.Of((CallSubmitted)events[0], gate.RuleDigest)
                ? "is not what was approved" : null;
        }
        catch (InvalidDataException e)
        {
            return $"cannot be read: {e.Message}";
        }
    }
}
