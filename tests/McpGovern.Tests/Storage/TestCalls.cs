using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Calls.CallCommand;

namespace McpGovern.Tests.Storage;

/// <summary>Appends as handlers make them: by deciding on a history.</summary>
internal static class TestCalls
{
    public const string Scope = "default", Server = "payments", Tool = "submit", Fingerprint = "fp-1", Owner = "proc_1";
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly Actor Agent = new("agent:coder", "key:coder", "key");

    public static string NewId() => CallId.From(Guid.CreateVersion7());

    public static Actor Approver(string id) => new(id, $"key:{id}", "key") { Roles = Roles.Caller | Roles.Approver | Roles.Operator };

    public static CallSubmitted Submitted(string callId, DateTimeOffset? at = null, string? attachKey = null) => new(
        Scope, Server, Tool, Fingerprint, """{"amount":1}""", "ah", "th", Agent.Id, Agent.Credential, Session: null, new("test", "1"),
        CallId.ExecutionOf(callId), $"{Server}.{Tool}", "default", attachKey ?? $"attach-{callId}", Meta: null, Traceparent: null,
        Supersedes: null, SupersedesBecause: null, EarlierCall: null, at ?? Noon);

    public static ToolApprovalRequired Gate(DateTimeOffset at, int quorum = 1, DateTimeOffset? deadline = null, double? validFor = 3600) => new(
        "payments.*", "policy.yaml:3", "rd", "sha256:a1", [], quorum, HumanRequired: false, SelfApproval: false, "never", deadline, validFor,
        Idempotent: false, Noon, at);

    public static Append Park(string? callId = null, DateTimeOffset? at = null, string? attachKey = null, int quorum = 1,
        DateTimeOffset? deadline = null, Func<CallSubmitted, CallSubmitted>? with = null)
    {
        callId ??= NewId();
        var submitted = Submitted(callId, at, attachKey);
        return Decide(callId, [], new Park(with?.Invoke(submitted) ?? submitted, Gate(at ?? Noon, quorum, deadline), at ?? Noon));
    }

    public static Append Allow(string? callId = null, DateTimeOffset? at = null, string process = Owner)
    {
        callId ??= NewId();
        return Decide(callId, [], new Allow(Submitted(callId, at), new("search", "policy.yaml:1", Audited: false, at ?? Noon), process, callId, at ?? Noon));
    }

    /// <summary>The append that follows from deciding, which must record something.</summary>
    public static Append Decide(string callId, IReadOnlyList<CallEvent> history, CallCommand command) =>
        TryDecide(callId, history, command) ?? throw new InvalidOperationException($"{command.GetType().Name} was refused");

    public static Append? TryDecide(string callId, IReadOnlyList<CallEvent> history, CallCommand command)
    {
        var outcome = Call.Decide(command, Call.Replay(history));
        return outcome.Refusal is null && outcome.Events.Count > 0 ? Of(callId, history, outcome.Events) : null;
    }

    public static Append Of(string callId, IReadOnlyList<CallEvent> history, IReadOnlyList<CallEvent> events, StoredResult? result = null)
    {
        CallEvent[] all = [.. history, .. events];
        return new(callId, history.Count, [.. events.Select(e => new NewEvent(Guid.CreateVersion7(), e))],
            CallRow.From(callId, all.Length, Call.Replay(all)), result);
    }

    public static IReadOnlyList<CallEvent> EventsOf(Append append) => [.. append.Events.Select(e => e.Event)];

    /// <summary>Loads, decides and appends until it is recorded or refused.</summary>
    public static async Task<bool> RecordAsync(this ICallStore store, string callId, CallCommand command)
    {
        while (true)
        {
            var history = (await store.LoadAsync(callId, default))?.Events ?? [];
            if (TryDecide(callId, history, command) is not { } append)
            {
                return false;
            }

            if (await store.AppendAsync(append, default) is AppendResult.Appended)
            {
                return true;
            }
        }
    }

    public static Approve Approve(string by, DateTimeOffset? at = null) => new(Approver(by), Comment: null, "cli", SeenHash: null, at ?? Noon);

    /// <summary>What approving a pending call records.</summary>
    public static IReadOnlyList<CallEvent> ApprovedBy(IReadOnlyList<CallEvent> history, string by) => Call.Decide(Approve(by), Call.Replay(history)).Events;

    public static Dispatch Dispatch(string process = Owner, DateTimeOffset? at = null) => new("sha256:a1", process, "key", at ?? Noon);

    /// <summary>A history of legal steps, chosen by chance.</summary>
    public static async Task<string> RandomHistoryAsync(ICallStore store, Random random)
    {
        var start = random.Next(4) == 0 ? Allow() : Park(quorum: random.Next(1, 3), deadline: Noon.AddMinutes(5), at: Noon.AddTicks(random.Next(1000)));
        Assert.IsType<AppendResult.Appended>(await store.AppendAsync(start, default));
        for (var step = random.Next(8); step > 0; step--)
        {
            var at = Noon.AddTicks(random.NextInt64(TimeSpan.TicksPerHour * 2));
            CallCommand[] commands =
            [
                Approve("alice", at), Approve("bob", at), Dispatch(at: at), new Expire(at), new Cancel(Agent, "changed my mind", "mcp", at),
                new Defer(Owner, "away", at.AddSeconds(1), at), new Finish(Owner, Succeeded: true, "rh", 3, IsError: false, 1.5, Reason: null, at),
                new Lose(Owner, "died", at), new Resolve(Approver("alice"), "failed", "looked", "cli", at), new Invalidate("tool", "changed", null, at),
                new Deliver("rest", at),
            ];
            await store.RecordAsync(start.CallId, commands[random.Next(commands.Length)]);
        }

        return start.CallId;
    }
}
