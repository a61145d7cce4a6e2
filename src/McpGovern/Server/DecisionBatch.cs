using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>One of several decisions in one message: what is asked, or what is wrong with it.</summary>
internal sealed record BatchedDecision(DecisionRequest Request, string? Fault);

/// <summary>
/// Several decisions in one message. Each names its call and the hash that its decider was shown, is decided by itself, and has its own
/// answer: there is no "all", neither of what is pending nor of what must succeed together.
/// </summary>
internal static class DecisionBatch
{
    public const int MaxDecisions = 100, MaxBytes = 1 << 20;

    /// <returns><c>null</c> where the message as a whole cannot be used, which is its fault then: nothing is decided.</returns>
    public static IReadOnlyList<BatchedDecision>? Read(JsonArguments body, Actor actor, string via) =>
        body.Blocks("decisions", MaxDecisions) is { } all ? [.. all.Select(one => ReadOne(one, actor, via))] : null;

    private static BatchedDecision ReadOne(JsonArguments one, Actor actor, string via)
    {
        var request = new DecisionRequest(actor, one.Required("call_id", "the call_... id of the call"), one.Required("decision", "approved or rejected"), via)
        {
            ExpectedHash = one.Required("expected_hash", "the call_hash that you were shown"),
            Comment = one.Text("comment"),
            NodeId = one.Text("node_id"),
            IdempotencyKey = one.Text("idempotency_key"),
        };
        return new(request, one.Fault);
    }

    /// <summary>One after the other, in order; one that is refused does not stop the next.</summary>
    public static async Task<DecidedBatch> DecideAsync(DecisionHandler decisions, IReadOnlyList<BatchedDecision> batch, CancellationToken ct)
    {
        var answers = new List<DecisionAnswer>(batch.Count);
        foreach (var (request, fault) in batch)
        {
            var answer = fault is null ? await decisions.DecideAsync(request, ct) : Answers.Of(AnswerCode.BadRequest, fault) with { CallId = request.Target };
            answers.Add(answer with { HttpStatus = AnswerCode.ByWord[answer.Answer].Http, Detail = answer.Message });
        }

        return new(answers);
    }
}
