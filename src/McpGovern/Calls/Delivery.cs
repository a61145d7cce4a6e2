using McpGovern.Storage;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Hands a gated call's stored result over, and records the first time.</summary>
internal sealed class Delivery(CallStreams streams, ICallStore store, TimeProvider time)
{
    /// <param name="door">See <see cref="ResultDelivered"/>.</param>
    /// <param name="again">The caller sent the call again after it ran: the result says that it was not run again.</param>
    public async Task<CallAnswer> AnswerAsync(LoadedCall call, string door, bool again = false)
    {
        var stored = call.State is Ended or Resolved ? await store.LoadResultAsync(call.Id, CancellationToken.None) : null;
        var meta = CallMeta.Of(call) with { Redelivered = again };
        if (stored is null)
        {
            return new CallAnswer.Result(ResultJson.Error(AgentText.Of(call), meta));
        }

        if (call.State is Ended { DeliveredAt: null })
        {
            await streams.ExecuteAsync(call.Id, new CallCommand.Deliver(door, time.GetUtcNow()), CancellationToken.None);
        }

        if (stored.Kind == "input")
        {
            // Questions belong to the caller's own request; elsewhere it is told how to come to them.
            return door == "call" && call.State is Ended ? new CallAnswer.InputRequired(call, stored.Json)
                : new CallAnswer.Result(ResultJson.Error(AgentText.Of(call), meta));
        }

        var notice = again && call.State is Ended ended ? AgentText.Redelivered(ended) : null;
        var verbatim = notice is null && door is ("call" or "task");
        if (stored.Kind == "error")
        {
            var error = ResultJson.ReadError(stored.Json);
            return verbatim ? error
                : new CallAnswer.Result(ResultJson.Error($"{notice} The upstream answered with error {error.Code}: {error.Message}".TrimStart(), meta));
        }

        // The caller's own call, answered while it waited or under its own handle, gets the upstream's bytes as they are.
        return new CallAnswer.Result(verbatim ? stored.Json : ResultJson.With(stored.Json, meta, notice));
    }
}
