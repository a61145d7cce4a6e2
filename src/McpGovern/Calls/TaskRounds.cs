using System.Text;
using McpGovern.Storage;
using McpGovern.Upstreams;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>
/// Goes on with a call whose upstream had questions, and whose caller has it as a task: answers come in over time and are recorded as they
/// come; with the last one the further round is a governed call of its own, under the id that was recorded for it.
/// </summary>
internal sealed class TaskRounds(
    CallStreams streams, ICallStore store, CallHandler calls, GovernedNames names, IReadOnlyCollection<string> fingerprints, CallLimits limits,
    string scope, TimeProvider time)
{
    private const string NoAnswers = "{}";

    /// <summary>The questions that wait for an answer, or <c>null</c> where the call waits for none.</summary>
    public async Task<InputQuestions?> QuestionsAsync(LoadedCall call, CancellationToken ct)
    {
        if (call.State is not Ended { WaitsForAnswers: true } ended || await AskedAsync(call.Id, ct) is not { } asked)
        {
            return null;
        }

        var answered = GivenAnswers.KeysOf(ended);
        return asked with { All = [.. asked.All.Where(question => !answered.Contains(question.Key.Name))] };
    }

    /// <summary>Records what answers an open question, and goes on when none is left.</summary>
    /// <param name="responses">JSON text of an object.</param>
    /// <returns>Why nothing was taken, where it is the answers' fault.</returns>
    /// <exception cref="StoreUnavailableException">Whether it was recorded is not known.</exception>
    public async Task<string?> GiveAsync(Actor actor, LoadedCall call, string responses, CancellationToken ct)
    {
        // The round is made in the name of whoever asked first: here is where it is seen whether that actor may still call.
        if (!actor.Roles.HasFlag(Roles.Caller))
        {
            return "you may not call tools";
        }

        if (call.State is not Ended { WaitsForAnswers: true } ended || await AskedAsync(call.Id, ct) is not { } asked)
        {
            // It has not asked, or not any more: passed over like an answer to no question.
            return null;
        }

        try
        {
            _ = CanonicalJson.Members(responses);
        }
        catch (FormatException e)
        {
            return $"the answers cannot be read: {e.Message}";
        }

        var all = new Continuation(call.Id, GivenAnswers.Of(ended) + responses, null);
        if (limits.WhyTooLarge(RequestOf(call, all), gated: call.Known.Gate is not null) is { } tooLarge)
        {
            return tooLarge;
        }

        // Whoever goes away now has given the answer: what follows from it is not to wait until somebody asks for the task.
        await EnsureNextAsync(await RecordAsync(actor, call, asked, responses, ct), CancellationToken.None);
        return null;
    }

    /// <summary>The further call, where one was named and is not there yet: a process that took the last answer may have died of it.</summary>
    /// <remarks>Whoever comes first creates it; that it is there only once is decided by its stream's first version.</remarks>
    /// <returns>The call as it stands: an upstream that only gave a state to bring back asks nobody, and is gone on with.</returns>
    public async Task<LoadedCall> EnsureNextAsync(LoadedCall call, CancellationToken ct)
    {
        if (await QuestionsAsync(call, ct) is { All.Count: 0 } nothing)
        {
            call = await RecordAsync(RequesterOf(call.Known.Call), call, nothing, NoAnswers, ct);
        }

        // A process that does not have its upstream can say nothing of it.
        if (call.State is Ended { ContinuedBy: { } next } ended && call.Known.Call.Scope == scope && fingerprints.Contains(call.Known.Call.UpstreamFingerprint)
            && await streams.LoadAsync(next, ct) is null)
        {
            await CreateAsync(call, ended, next);
        }

        return call;
    }

    /// <summary>
    /// For a caller that brings its answers with the call itself, whatever they are: names the further call, so that the answers to the task
    /// and these do not both go on. Calls that are nobody's task are let pass.
    /// </summary>
    /// <returns><c>null</c> where the call went on already, or was cancelled.</returns>
    public async Task<Continuation?> ClaimAsync(Actor actor, Continuation round, CancellationToken ct)
    {
        if (round.CallId is not { } id || await streams.LoadAsync(id, ct) is not { } call)
        {
            return round;
        }

        round = round with { Justification = call.Known.Call.Justification };
        if (call.Known.Call.ClientCapabilities is null || limits.WhyTooLarge(RequestOf(call, round), gated: false) is not null)
        {
            return round;
        }

        var (next, responses) = (streams.NewCallId(), round.InputResponses ?? NoAnswers);
        var keys = CanonicalJson.Members(responses).Select(answer => answer.Name).ToArray();
        var claimed = await AppendAsync(id, new(actor, keys, responses, next, time.GetUtcNow()), ct);
        return claimed?.Call.State is Ended { ContinuedBy: { } named } ended && named == next
            ? round with { InputResponses = GivenAnswers.Of(ended), Next = next, IsKept = await AskedAsync(id, ct) is not null }
            : null;
    }

    private async Task<LoadedCall> RecordAsync(Actor actor, LoadedCall call, InputQuestions asked, string responses, CancellationToken ct)
    {
        var keys = asked.All.Select(question => question.Key.Name).ToArray();
        var given = await AppendAsync(call.Id, new(actor, keys, responses, streams.NewCallId(), time.GetUtcNow()), ct);
        return given switch
        {
            { Busy: true } => throw new StoreUnavailableException($"{call.Id} is being answered by others; try again"),
            _ => given?.Call ?? call,
        };
    }

    private async Task<Executed?> AppendAsync(string callId, CallCommand.GiveInput input, CancellationToken ct)
    {
        FaultPoints.At(FaultPoint.RoundBeforeAppend);
        var given = await streams.ExecuteAsync(callId, input, ct);
        FaultPoints.At(FaultPoint.RoundAppended);
        return given;
    }

    // The answers are recorded: whoever gave the last of them need not wait for what follows, and cannot stop it.
    private async Task CreateAsync(LoadedCall call, Ended ended, string next)
    {
        var asked = await AskedAsync(call.Id, CancellationToken.None);
        var round = new Continuation(call.Id, GivenAnswers.Of(ended), asked?.State) { Next = next, IsKept = true };
        var request = RequestOf(call, round);
        var why = asked is null ? "the questions of its server are not kept any more"
            : await names.FindAsync(request, CancellationToken.None) is null ? $"its server has no {CallMethod.Describe(request.Name)} any more"
            : limits.WhyTooLarge(request, gated: call.Known.Gate is not null);
        if (why is null)
        {
            await calls.HandleAsync(request, CancellationToken.None);
        }
        else
        {
            var at = time.GetUtcNow();
            var submitted = Submission.Round(call.Known.Call, round, next, at);
            await streams.CreateAsync(next, new CallCommand.Deny(submitted, new("tool", "", why, at), at), CancellationToken.None);
        }
    }

    private async Task<InputQuestions?> AskedAsync(string callId, CancellationToken ct) =>
        await store.LoadResultAsync(callId, ct) is { Kind: "input" } stored ? InputQuestions.Read(stored.Json) : null;

    private static ToolCallRequest RequestOf(LoadedCall call, Continuation round)
    {
        var before = call.Known.Call;
        return new(RequesterOf(before), before.Tool, before.Arguments)
        {
            Server = before.Server,
            MetaJson = before.Meta,
            Traceparent = before.Traceparent,
            Client = before.Client,
            Justification = before.Justification,
            ClientCapabilities = before.ClientCapabilities,
            Caller = RecordedCaller.Of(before.ClientCapabilities),
            AnswerParkedAtOnce = true,
            Alone = true,
            Continues = round,
        };
    }

    // As it was when it asked first; whoever answers is the same actor.
    private static Actor RequesterOf(CallSubmitted call) => new(call.RequestedBy, call.Credential, "task") { Session = call.Session, Roles = Roles.Caller };
}
