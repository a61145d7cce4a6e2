using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Upstreams;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>
/// Takes an upstream's questions to its caller, and the answers back as a further governed round. A client of the stateless revision
/// gets them as its answer and asks again; it carries the upstream's state sealed by us. Any other is asked itself, while it waits.
/// </summary>
/// <remarks>Nothing here knows what kind of request it is: the binding says what the state is good for.</remarks>
internal sealed class InputRounds(SealedState states, TaskRounds tasks)
{
    private const int MaxRounds = 10;

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10), Patience = TimeSpan.FromMinutes(5);
    private static readonly CallAnswer.Error NotOurs = new(RpcCode.InvalidParams,
        "requestState is not one that you were given for this request and have not used yet; send the request again without it", null);

    /// <param name="binding">What the request is about (method, target, canonical arguments), or <c>null</c> where it is about nothing there is.</param>
    /// <param name="send">One round: a governed request of its own.</param>
    public async Task<CallAnswer> RunAsync(
        ToolCallRequest call, CallerSide caller, RawCall raw, Func<CancellationToken, Task<string?>> binding, Func<Continuation?, Task<CallAnswer>> send, CancellationToken ct)
    {
        var (actor, method) = (call.Actor, call.Method);
        // Answers to what was never asked are the upstream's to judge: they travel on, governed and recorded like all that is sent.
        Continuation? round = caller.IsStateless && raw is { RequestState: null, InputResponses: { } unasked } ? new(null, unasked, null) : null;
        if (caller.IsStateless && raw.RequestState is not null)
        {
            round = await OpenAsync(actor, raw, await binding(ct), ct);
            if (round is null)
            {
                return NotOurs;
            }
        }

        for (var rounds = 1; ; rounds++)
        {
            if (round is { CallId: { } asked } answered)
            {
                round = await tasks.ClaimAsync(actor, answered, ct);
                if (round is null)
                {
                    return WentOn(method, caller, asked);
                }
            }

            var answer = await send(round);
            if (answer is not CallAnswer.InputRequired wanted)
            {
                return answer;
            }

            var questions = InputQuestions.Read(wanted.Json);
            if (ClientNeeds.Missing(questions, caller.Declared) is { } missing)
            {
                return CannotAsk(method, caller, wanted.Call.Id, missing);
            }

            if (caller.IsStateless)
            {
                return new CallAnswer.Result(questions.With(await SealAsync(actor, wanted.Call.Id, questions.State, await binding(ct) ?? "", ct)));
            }

            if (rounds == MaxRounds)
            {
                return OwnWords.Of(method, $"{wanted.Call.Id}: its server asked {MaxRounds} times and has more questions; the call was given up.");
            }

            var (responses, refusal) = await AskAllAsync(caller, questions, ct);
            if (refusal is not null)
            {
                return OwnWords.Of(method, $"{wanted.Call.Id}: its server has questions before it goes on, and was not answered: {refusal}");
            }

            round = new(wanted.Call.Id, responses, questions.State);
        }
    }

    /// <summary>All at once: a person sees what is asked together.</summary>
    private static async Task<(string? Responses, string? Refusal)> AskAllAsync(CallerSide caller, InputQuestions questions, CancellationToken ct)
    {
        if (questions.All.Count == 0)
        {
            return (null, null);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        stop.CancelAfter(Patience);
        var asked = await Task.WhenAll(questions.All.Select(async q =>
            (q.Key, Reply: await caller.AskAsync(q.Method!, q.Params.IsEmpty ? null : Encoding.UTF8.GetString(q.Params.Span), stop.Token))));
        var refusal = asked.Select(a => a.Reply switch
        {
            CallerReply.Error error => $"the client answered with error {error.Code}: {error.Message}",
            CallerReply.None none => none.Why,
            _ => null,
        }).FirstOrDefault(why => why is not null);
        return refusal is not null ? (null, refusal)
            : (Encoding.UTF8.GetString(RawObject.Write(asked.Select(a => a.Key with { Value = ((CallerReply.Result)a.Reply).Json })).Span), null);
    }

    private async Task<string> SealAsync(Actor actor, string callId, string? upstreamState, string binding, CancellationToken ct) =>
        await states.SealAsync(actor, binding, JsonSerializer.SerializeToUtf8Bytes(new Carried(callId, upstreamState)), Life, ct);

    private async Task<Continuation?> OpenAsync(Actor actor, RawCall raw, string? binding, CancellationToken ct)
    {
        if (binding is null || raw.RequestState is not { } state || await states.OpenAsync(actor, binding, state, ct) is not { } content
            || !await states.TryUseAsync(state, Life, ct))
        {
            return null;
        }

        var carried = JsonSerializer.Deserialize<Carried>(content)!;
        return new(carried.Call, raw.InputResponses, carried.State);
    }

    private static CallAnswer WentOn(string method, CallerSide caller, string callId)
    {
        var why = $"{callId} was answered already, or cancelled: ask for what became of it under its task, or with jamjet_result";
        return caller.IsStateless ? new CallAnswer.Error(RpcCode.InvalidParams, why, null) : OwnWords.Of(method, why);
    }

    private static CallAnswer CannotAsk(string method, CallerSide caller, string callId, ClientNeed missing) => caller.IsStateless
        ? new CallAnswer.Error(RpcCode.MissingClientCapability,
            $"the server has questions before it goes on, which need the client capability {missing.Name}", $$"""{"requiredCapabilities":{{missing.Json}}}""")
        : OwnWords.Of(method, $"{callId}: its server has questions before it goes on, and this client cannot be asked: it did not declare {missing.Name}.");

    /// <summary>What the client carries for us.</summary>
    private sealed record Carried(string Call, string? State);
}
