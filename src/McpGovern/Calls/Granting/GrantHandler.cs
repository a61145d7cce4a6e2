using System.Globalization;
using System.Text.Json;
using McpGovern.Policy;
using McpGovern.Settings;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>Gives, lists and revokes standing grants. What was given or revoked is never removed or written over.</summary>
internal sealed partial class GrantHandler(
    ISharedState state, PolicySource policy, bool onlyUpstream, string scope, TimeProvider time, ILogger<GrantHandler> log)
{
    public const int MaxTimes = 100;
    private const int MaxText = 2000, MaxWhen = 16 * 1024;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    public Task<GrantAnswer> CreateAsync(GrantRequest request, CancellationToken ct) => GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        var until = ReadUntil(request.Until, now);
        if (WhyMalformed(request, until, now) is { } malformed)
        {
            return Of(AnswerCode.BadRequest, null, malformed);
        }

        var (tool, actor) = (PolicyCall.Named(request.Tool!, "{}", onlyUpstream), request.Actor);
        var gate = policy.Current.Set.GateOf(tool.Server, tool.Tool, onlyUpstream);
        if (WhyNot(request, gate) is var (code, why))
        {
            return Of(code, null, why);
        }

        var grant = new Grant($"grant_{Guid.CreateVersion7(now):n}", scope, request.Tool!, request.For!, request.Times!.Value, until!.Value, request.When, gate.Digest,
            actor.Id, actor.Credential, actor.AuthMethod, actor.Session, actor.PresenceProven ? "proven" : "unproven", actor.Roles, actor.Groups,
            request.Via, now, request.Comment!.Trim());
        await state.AddAsync(Grants.KeyOf(grant), JsonSerializer.SerializeToUtf8Bytes(grant), until: null, now, ct);
        LogGiven(actor.Id, grant.Id, grant.Tool, grant.For, grant.Times, grant.Until);
        return Of(AnswerCode.Recorded, GrantView.Of(grant, [], null, now), $"{grant.Id}: {grant.For} may call {grant.Tool} {grant.Times} times until {AgentText.Time(grant.Until)}");
    });

    /// <summary>At once: it approves nothing more, and what it approved and was not sent yet is not sent.</summary>
    public Task<GrantAnswer> RevokeAsync(Actor actor, string? id, string? comment, string via, CancellationToken ct) => GuardAsync(async () =>
    {
        if (comment?.Length > MaxText || !StorableText.IsStorable(comment))
        {
            return Of(AnswerCode.BadRequest, null, $"a comment may have {MaxText} characters, U+0000 not among them");
        }

        var grant = (await AllAsync(ct)).FirstOrDefault(grant => grant.Id == id);
        if (grant is null || !MaySee(actor, grant))
        {
            return Of(AnswerCode.NotFound, null, $"there is no grant '{id}' that you may see");
        }

        if (actor.IsAgent || !(actor.Id == grant.By || (actor.Roles & (Roles.Approver | Roles.Operator)) != 0))
        {
            return Of(AnswerCode.NotEligible, await ViewAsync(grant, ct), $"{grant.Id} is not yours to revoke: approvers and operators may");
        }

        var now = time.GetUtcNow();
        var mine = JsonSerializer.SerializeToUtf8Bytes(new GrantRevocation(actor.Id, actor.Credential, via, now, comment));
        var standing = await state.AddAsync(Grants.RevocationOf(grant.Id), mine, until: null, now, ct);
        if (!standing.AsSpan().SequenceEqual(mine))
        {
            return Of(AnswerCode.AlreadyRecorded, await ViewAsync(grant, ct), $"{grant.Id} was revoked already");
        }

        LogRevoked(actor.Id, grant.Id);
        return Of(AnswerCode.Recorded, await ViewAsync(grant, ct), $"{grant.Id} is revoked");
    });

    /// <summary>Those that the actor gave or was given; all, for approvers, operators and auditors.</summary>
    public async Task<GrantList> ListAsync(Actor actor, CancellationToken ct)
    {
        var views = new List<GrantView>();
        foreach (var grant in (await AllAsync(ct)).Where(grant => MaySee(actor, grant)).OrderBy(grant => grant.Id, StringComparer.Ordinal))
        {
            views.Add(await ViewAsync(grant, ct));
        }

        return new(views);
    }

    private static bool MaySee(Actor actor, Grant grant) =>
        actor.Id == grant.By || actor.Id == grant.For || (!actor.IsAgent && (actor.Roles & (Roles.Approver | Roles.Operator | Roles.Auditor)) != 0);

    private async Task<IReadOnlyList<Grant>> AllAsync(CancellationToken ct) =>
        [.. (await state.ReadAllAsync(Grants.Prefix, time.GetUtcNow(), ct)).Select(entry => Grant.TryRead<Grant>(entry.Value)).OfType<Grant>().Where(grant => grant.Scope == scope)];

    private async Task<GrantView> ViewAsync(Grant grant, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var uses = await state.ReadAllAsync(Grants.UsesOf(grant.Id), now, ct);
        var revoked = await state.ReadAsync(Grants.RevocationOf(grant.Id), now, ct);
        return GrantView.Of(grant, [.. uses.Select(use => Grant.TryRead<GrantUse>(use.Value)?.CallId ?? "unreadable")],
            revoked is null ? null : Grant.TryRead<GrantRevocation>(revoked) ?? new("nobody known", "", "", grant.At, "the entry cannot be read"), now);
    }

    private static (AnswerCode Code, string Why)? WhyNot(GrantRequest request, ToolGate gate)
    {
        var (actor, grantable) = (request.Actor, gate.Terms.Where(terms => terms is { NoGrants: false, HumanRequired: false, Quorum: 1 }).ToArray());
        return actor switch
        {
            { IsAgent: true } => (AnswerCode.NotEligible, "agents give no grants: a person does"),
            _ when actor.Id == request.For => (AnswerCode.SelfApproval, "nobody gives a grant to himself"),
            // Told to those alone who may decide something: it says what the policy asks.
            _ when gate.Terms.Count == 0 && actor.Roles.HasFlag(Roles.Approver) => (AnswerCode.BadRequest, $"the policy asks for no approval of {request.Tool}: there is nothing to grant"),
            _ when !gate.Terms.Any(terms => CallAccess.MayApprove(actor, terms.Approvers)) => (AnswerCode.NotEligible, $"calls of {request.Tool} are not yours to approve"),
            _ when grantable.Length == 0 => (AnswerCode.NotEligible, $"calls of {request.Tool} are approved one by one: their rule has no_grants, human_required or a quorum"),
            _ when !grantable.Any(terms => CallAccess.MayApprove(actor, terms.Approvers)) => (AnswerCode.NotEligible, $"calls of {request.Tool} are not yours to approve beforehand"),
            _ => null,
        };
    }

    private static string? WhyMalformed(GrantRequest request, DateTimeOffset? until, DateTimeOffset now)
    {
        var faults = new Faults("when");
        return request switch
        {
            { Tool: null or "" } => "say which tool: server.tool",
            _ when request.Tool.Contains('*', StringComparison.Ordinal) || !request.Tool.Contains('.', StringComparison.Ordinal) =>
                $"'{request.Tool}' is no tool's governed name; a grant is for one tool, named as server.tool",
            { For: null or "" } => "say for whom: a requester's id, such as agent:coder",
            { Times: null or < 1 or > MaxTimes } => $"say how many times: 1 to {MaxTimes}",
            _ when until is null => "say until when: a time from now such as 24h, or an instant with its zone such as 2030-01-01T12:00:00Z",
            _ when until <= now || until > now + Longest => $"until must be ahead, by {Longest.TotalDays} days at most",
            { Comment: null } => "say why with a comment: it is kept with every use",
            { When.Length: > MaxWhen } => $"when may have {MaxWhen} characters",
            _ when new[] { request.Tool, request.For, request.Comment }.Any(text => text?.Length > MaxText) || new[] { request.Tool, request.For, request.Comment, request.When }.Any(text => !StorableText.IsStorable(text)) =>
                $"tool, for and comment may have {MaxText} characters, U+0000 not among them",
            { Comment: var comment } when string.IsNullOrWhiteSpace(comment) => "say why with a comment: it is kept with every use",
            _ when Grant.ReadWhen(request.When, faults) is null => string.Join('\n', faults.Errors),
            _ => null,
        };
    }

    private static DateTimeOffset? ReadUntil(string? text, DateTimeOffset now) =>
        text is null ? null
        : Values.TryTime(text, bareSeconds: false, out var time) ? now + time
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            && (text.EndsWith('Z') || text[^6] is '+' or '-') ? at : null;

    private static async Task<GrantAnswer> GuardAsync(Func<Task<GrantAnswer>> act)
    {
        try
        {
            return await act();
        }
        catch (StoreUnavailableException e)
        {
            return Of(AnswerCode.Unavailable, null, $"it is not known whether that was recorded: {e.Message}");
        }
    }

    private static GrantAnswer Of(AnswerCode code, GrantView? grant, string message) => new(code.Word, code.Http == 200, grant, message);

    [LoggerMessage(3003, LogLevel.Warning, "{Actor} gives {Grant}: {Tool} for {Requester}, {Times} times until {Until}")]
    private partial void LogGiven(string actor, string grant, string tool, string requester, int times, DateTimeOffset until);

    [LoggerMessage(3004, LogLevel.Warning, "{Actor} revokes {Grant}")]
    private partial void LogRevoked(string actor, string grant);
}
