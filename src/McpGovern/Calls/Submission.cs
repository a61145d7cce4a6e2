using McpGovern.Policy;

namespace McpGovern.Calls;

/// <summary>Builds the first events of a stream from what came in and what policy said.</summary>
internal static class Submission
{
    public static CallSubmitted Of(string callId, string scope, ToolCallRequest request, GovernedTool tool, DateTimeOffset at)
    {
        var arguments = CanonicalJson.Compact(request.ArgumentsJson);
        var round = request.Continues;
        var responses = round?.InputResponses is { } given ? CanonicalJson.Compact(given) : null;
        var node = ToolName.Governed(tool.Server, tool.Tool);
        return new(scope, tool.Server, tool.Tool, tool.Upstream.Config.Fingerprint, arguments, CallHash.OfJson(arguments), tool.Definition.Hash,
            request.Actor.Id, request.Actor.Credential, request.Actor.Session, request.Client, CallId.ExecutionOf(callId), node, CallHash.Tenant,
            CallHash.AttachKey(CallHash.Tenant, request.Actor.Id, tool.Server, tool.Tool, arguments, request.IdempotencyKey, round?.CallId, responses),
            request.MetaJson, request.Traceparent, Supersedes: null, SupersedesBecause: null, EarlierCall: null, at)
        {
            Method = request.Method == CallMethod.Tool ? null : request.Method,
            Continues = round?.CallId,
            InputResponses = responses,
            RequestState = round?.RequestState,
            Justification = request.Justification ?? round?.Justification,
            // Only for who will not be there when its upstream is asked: all others are asked as they wait.
            ClientCapabilities = request is { AnswerParkedAtOnce: true, ClientCapabilities: { } declared } ? CanonicalJson.Of(declared) : null,
        };
    }

    /// <summary>A further round as the round before was recorded: of a tool that is not there any more.</summary>
    public static CallSubmitted Round(CallSubmitted call, Continuation round, string callId, DateTimeOffset at) => call with
    {
        ExecutionId = CallId.ExecutionOf(callId),
        AttachKey = CallHash.AttachKey(call.Tenant, call.RequestedBy, call.Server, call.Tool, call.Arguments, null, round.CallId, round.InputResponses),
        Supersedes = null,
        SupersedesBecause = null,
        EarlierCall = null,
        Continues = round.CallId,
        InputResponses = round.InputResponses,
        RequestState = round.RequestState,
        Effect = null,
        EffectKey = null,
        At = at,
    };

    public static ToolApprovalRequired Gate(CallSubmitted call, Decision decision, bool idempotent, DateTimeOffset policyActivatedAt, DateTimeOffset at)
    {
        var terms = decision.Terms!;
        return new(decision.Rule, decision.Source, decision.RuleDigest, CallHash.Of(call, decision.RuleDigest), terms.Approvers, terms.Quorum,
            terms.HumanRequired, terms.SelfApproval, terms.Comment, terms.Deadline is { } deadline ? at + deadline : null,
            terms.ValidFor?.TotalSeconds, idempotent, policyActivatedAt, at)
        {
            Ask = terms.Ask,
        };
    }

    /// <summary>The digits of a call's id make its execution's too.</summary>
    public static CallSubmitted Successor(CallSubmitted call, string callId, string supersedes, string because, string definitionHash, DateTimeOffset at) => call with
    {
        ToolDefinitionHash = definitionHash,
        ExecutionId = CallId.ExecutionOf(callId),
        Supersedes = supersedes,
        SupersedesBecause = because,
        At = at,
    };
}
