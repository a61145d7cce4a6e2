using McpGovern.Storage;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>Hands a gated call's stored result over, and records the first time.</summary>
internal sealed class Delivery(CallStreams streams, ICallStore store, Func<string, string?> urlOf, TimeProvider time)
{
    /// <param name="door">See <see cref="ResultDelivered"/>.</param>
    /// <param name="again">The caller sent the call again after it ran: the result says that it was not run again.</param>
    public async Task<CallAnswer> AnswerAsync(LoadedCall call, string door, bool again = false)
    {
        var stored = call.State is Ended or Resolved ? await store.LoadResultAsync(call.Id, CancellationToken.None) : null;
        var meta = CallMeta.Of(call, urlOf(call.Id)) with { Redelivered = again };
        // A tool of ours answers as a tool, whatever it tells of.
        var method = door == "call" ? CallMethod.Of(call.Known.Call) : CallMethod.Tool;
        if (stored is null)
        {
            return OwnWords.Of(method, AgentText.Of(call, meta.Url), meta);
        }

        if (call.State is Ended { DeliveredAt: null })
        {
            await streams.ExecuteAsync(call.Id, new CallCommand.Deliver(door, time.GetUtcNow()), CancellationToken.None);
        }

        if (stored.Kind == "input")
        {
            // Questions belong to the caller's own request; elsewhere it is told how to come to them.
            return door == "call" && call.State is Ended { ContinuedBy: null }
                ? new CallAnswer.InputRequired(call, stored.Json)
                : OwnWords.Of(method, AgentText.Of(call, meta.Url), meta);
        }

        if (call.Known.Call.Method is not null)
        {
            return OfOther(stored, method, meta, again);
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

    /// <summary>A resource's or prompt's result has no place for a notice: that it was not run again stands in its meta alone.</summary>
    private static CallAnswer OfOther(StoredResult stored, string method, CallMeta meta, bool again) => (stored.Kind, method) switch
    {
        ("error", CallMethod.Tool) when ResultJson.ReadError(stored.Json) is var error =>
            new CallAnswer.Result(ResultJson.Error($"The upstream answered with error {error.Code}: {error.Message}", meta)),
        ("error", _) => ResultJson.ReadError(stored.Json),
        (_, CallMethod.Tool) => new CallAnswer.Result(ResultJson.With(ResultJson.Text(stored.Json), meta, leadingText: null)),
        _ => new CallAnswer.Result(again ? ResultJson.With(stored.Json, meta, leadingText: null) : stored.Json),
    };
}
