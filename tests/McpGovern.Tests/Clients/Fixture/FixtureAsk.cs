using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>
/// A tool or prompt that asks before it answers, in one round or several. In the stateless revision the client calls again with the
/// responses; before it, the SDK asks the client in a request of its own and calls again itself.
/// </summary>
/// <param name="rounds">What to ask in each round: input requests by key, as JSON.</param>
/// <param name="stateful">Whether a first round comes with a <c>requestState</c>; later ones always do.</param>
internal sealed class FixtureAsk(
    Func<FixtureCall, string[]> rounds, Func<IDictionary<string, InputResponse>, string> answer, bool stateful = false)
{
    public ValueTask<CallToolResult> AnswerAsync(FixtureCall call, CancellationToken ct) =>
        new(FixtureCall.Text(Complete(rounds(call), call.Responses, call.State, call.Capabilities)));

    /// <summary>The same in a task, which asks whoever has its handle and not who called.</summary>
    public async Task<CallToolResult> AnswerAsync(FixtureCall call, FixtureTask task, CancellationToken ct) =>
        FixtureCall.Text(answer(await task.AskAsync(rounds(call)[0], ct)));

    /// <summary>The answer, once everything was asked and said.</summary>
    /// <exception cref="InputRequiredException">There is something to ask.</exception>
    public string Complete(string[] all, IDictionary<string, InputResponse>? responses, string? state, ClientCapabilities client)
    {
        var round = state is null ? 0 : SealedRound.Open(state);
        var asked = Possible(all[round], client);
        bool IsMissing(string key) => !responses.TryGetValue(key, out var given) || given.RawValue.ValueKind != JsonValueKind.Object;
        if (responses is null || asked.Keys.Any(IsMissing))
        {
            throw new InputRequiredException(asked, stateful ? SealedRound.Seal(round) : null);
        }

        return round + 1 < all.Length
            ? throw new InputRequiredException(Possible(all[round + 1], client), SealedRound.Seal(round + 1))
            : answer(responses);
    }

    /// <summary>Nobody is asked for what he did not say that he can.</summary>
    private static Dictionary<string, InputRequest> Possible(string requests, ClientCapabilities client)
    {
        var all = FixtureContent.Read<Dictionary<string, InputRequest>>(requests);
        var possible = all.Where(ask => ask.Value.Method switch
        {
            RequestMethods.ElicitationCreate => client.Elicitation is not null,
            RequestMethods.SamplingCreateMessage => client.Sampling is not null,
            _ => client.Roots is not null,
        }).ToDictionary();
        return possible.Count > 0
            ? possible
            : throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Elicitation = new(), Sampling = new(), Roots = new() });
    }
}
