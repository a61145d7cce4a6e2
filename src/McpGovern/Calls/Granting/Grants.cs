using System.Text.Json;
using McpGovern.Policy;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>Approves parked calls by standing grants, at most as often as each says, whichever processes ask.</summary>
internal sealed partial class Grants(CallStreams streams, ISharedState state, bool onlyUpstream, TimeProvider time, ILogger<Grants> log)
{
    public const string Prefix = "grant:", UsePrefix = "grant_use:";

    public static string KeyOf(Grant grant) => $"{Prefix}{grant.For}:{grant.Id}";

    public static string UsesOf(string id) => $"{UsePrefix}{id}:";

    public static string RevocationOf(string id) => $"grant_revoked:{id}";

    /// <summary>
    /// The call as it stands after the grant that covers it was used, or as it was. It was parked first: whatever goes wrong here, it waits for people.
    /// </summary>
    public async Task<LoadedCall> UseAsync(LoadedCall call, Decision decision, PolicySet set, CancellationToken ct)
    {
        try
        {
            return decision.Terms is { NoGrants: false } ? await TryUseAsync(call, set, ct) : call;
        }
        catch (StoreUnavailableException e)
        {
            LogNotUsed(call.Id, e.Message);
            return call;
        }
    }

    /// <summary>Why an approved call must not be sent after all: the grant that approved it is revoked.</summary>
    public async Task<string?> WhyWithdrawnAsync(LoadedCall call, CancellationToken ct) =>
        call.Known.Decisions.Select(decision => decision.Grant).FirstOrDefault(id => id is not null) is { } id
        && await state.ReadAsync(RevocationOf(id), time.GetUtcNow(), ct) is { } revoked
            ? $"the grant {id} that approved it is revoked{(Grant.TryRead<GrantRevocation>(revoked) is { } r ? $" by {r.By}" : "")}"
            : null;

    private async Task<LoadedCall> TryUseAsync(LoadedCall call, PolicySet set, CancellationToken ct)
    {
        var submitted = call.Known.Call;
        var entries = await state.ReadAllAsync($"{Prefix}{submitted.RequestedBy}:", time.GetUtcNow(), ct);
        if (entries.Count == 0)
        {
            return call;
        }

        var digest = set.GateOf(submitted.Server, submitted.Tool, onlyUpstream).Digest;
        foreach (var grant in entries.Select(entry => Grant.TryRead<Grant>(entry.Value)).OfType<Grant>())
        {
            var approve = new CallCommand.Approve(grant.Giver, grant.Comment, "grant", SeenHash: null, time.GetUtcNow()) { Grant = grant.Id };
            if (!grant.Covers(submitted, digest, approve.At) || Call.Decide(approve, call.State).Events.Count == 0
                || await state.ReadAsync(RevocationOf(grant.Id), approve.At, ct) is not null
                || await TakeAsync(grant, call, approve.At, ct) is not { } taken)
            {
                continue;
            }

            var executed = await streams.ExecuteAsync(call.Id, approve, ct);
            if (executed is { New.Count: > 0 })
            {
                LogUsed(call.Id, grant.Id, grant.By);
                return executed.Call;
            }

            // Somebody decided it in the meantime: nothing was approved by the grant.
            await state.RemoveAsync(taken, ct);
            return executed?.Call ?? call;
        }

        return call;
    }

    /// <summary>Takes one of the grant's uses, which the first of all processes gets.</summary>
    /// <returns>Its key, or <c>null</c> where none is left, or where the tool is not what the first use found.</returns>
    private async Task<string?> TakeAsync(Grant grant, LoadedCall call, DateTimeOffset now, CancellationToken ct)
    {
        var mine = new GrantUse(call.Id, call.Known.Call.ToolDefinitionHash, call.Known.Call.UpstreamFingerprint, now);
        var json = JsonSerializer.SerializeToUtf8Bytes(mine);
        var uses = (await state.ReadAllAsync(UsesOf(grant.Id), now, ct)).ToDictionary(entry => entry.Key, entry => entry.Value);
        for (var use = 1; use <= grant.Times; use++)
        {
            var key = $"{UsesOf(grant.Id)}{use:0000}";
            var standing = uses.TryGetValue(key, out var there) ? there : await state.AddAsync(key, json, until: null, now, ct);
            if (standing.AsSpan().SequenceEqual(json))
            {
                return key;
            }

            if (Grant.TryRead<GrantUse>(standing)?.IsOfTheSameTool(mine) != true)
            {
                return null;
            }
        }

        return null;
    }

    [LoggerMessage(1042, LogLevel.Information, "{CallId} is approved by {Grant}, which {Actor} gave")]
    private partial void LogUsed(string callId, string grant, string actor);

    [LoggerMessage(1043, LogLevel.Warning, "{CallId} waits for people, no grant could be looked for: {Why}")]
    private partial void LogNotUsed(string callId, string why);
}
