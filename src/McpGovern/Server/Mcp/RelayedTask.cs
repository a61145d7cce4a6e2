using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Upstreams;
using McpGovern.Wire;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>A call that goes on as a task of its upstream's, as its caller meets it under the call's own handle.</summary>
internal sealed class RelayedTask(TaskRelay relay)
{
    /// <summary>While it is open: as its upstream has it, with what that wants to know; else as it is recorded.</summary>
    /// <param name="recorded">The task by its record.</param>
    /// <exception cref="MissingRequiredClientCapabilityException">Its upstream wants to know what this caller cannot be asked.</exception>
    public async Task<RawJson> ShowAsync(CallTask task, JsonRpcRequest request, RawJson recorded, CancellationToken ct)
    {
        if (await relay.AskAsync(task.Current, CapabilitiesOf(request), ct) is not { Outcome: null } state || RawObject.Read(recorded.Utf8) is not { } members)
        {
            return recorded;
        }

        return MissingFor(state, request.Context?.ClientCapabilities) is { } missing
            ? throw ClientNeeds.Refusal(missing) : new RawJson(RawObject.Write(members.SelectMany(member => Shown(member, state))));
    }

    /// <exception cref="McpProtocolException">The answers did not get to the upstream.</exception>
    public async Task UpdateAsync(Actor actor, CallTask task, JsonRpcRequest request, CancellationToken ct)
    {
        if (RawCall.Of(request)?.InputResponses is { } responses
            && await relay.AnswerAsync(actor, task.Current, responses, CapabilitiesOf(request), ct) is { } why)
        {
            throw new McpProtocolException($"{task.Asked.Id}: {why}", McpErrorCode.InternalError);
        }
    }

    public Task CancelAsync(Actor actor, CallTask task, CancellationToken ct) => relay.CancelAsync(actor, task.Current, ct);

    private static ClientNeed? MissingFor(UpstreamTaskState state, ClientCapabilities? declared) =>
        (state.Questions.IsEmpty ? null : RawObject.Read(state.Questions))?.Select(InputQuestion.Read)
            .Select(q => ClientNeeds.Missing(q.Method, q.Params, declared)).FirstOrDefault(need => need is not null);

    private static IEnumerable<RawMember> Shown(RawMember member, UpstreamTaskState state)
    {
        var asks = !state.Questions.IsEmpty;
        return member.Name switch
        {
            "status" when asks => [member with { Value = "\"input_required\""u8.ToArray() }, Of("inputRequests", state.Questions)],
            "statusMessage" when state.Message is { } message => [member with { Value = JsonSerializer.SerializeToUtf8Bytes(message) }],
            "pollIntervalMs" when state.PollInterval is not null =>
                [member with { Value = Encoding.UTF8.GetBytes($"{(long)UpstreamTasks.Pause(state.PollInterval).TotalMilliseconds}") }],
            _ => [member],
        };
    }

    private static RawMember Of(string name, ReadOnlyMemory<byte> json) => new(name, Encoding.UTF8.GetBytes($"\"{name}\""), json);

    private static string CapabilitiesOf(JsonRpcRequest request)
    {
        var declared = request.Context?.ClientCapabilities;
        return JsonSerializer.Serialize(
            new ClientCapabilities { Elicitation = declared?.Elicitation, Sampling = declared?.Sampling, Roots = declared?.Roots }, McpJsonUtilities.DefaultOptions);
    }
}
