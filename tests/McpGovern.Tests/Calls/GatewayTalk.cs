using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Calls;

/// <summary>What the stories say to a gateway.</summary>
internal static class GatewayTalk
{
    public static async Task<Told> CallAsync(
        this Gateway gateway, string tool, string arguments = "{}", string? key = null, ICallProgress? progress = null, Actor? by = null, string? justification = null,
        CancellationToken ct = default) =>
        new(await gateway.Calls.HandleAsync(
            new ToolCallRequest(by ?? Story.Agent, tool, arguments) { IdempotencyKey = key, Justification = justification, Progress = progress }, ct));

    /// <summary>Asks for a gated call without waiting for its decision.</summary>
    public static async Task<string> ParkAsync(this Gateway gateway, string tool, string arguments = "{}", string? key = null, string? justification = null)
    {
        var told = await gateway.CallAsync(tool, arguments, key, justification: justification);
        Assert.Equal("pending", told.Status);
        return told.CallId;
    }

    public static Task<DecisionAnswer> DecideAsync(this Gateway gateway, string callId, string decision, Actor? by = null, string? comment = null) =>
        gateway.Decisions.DecideAsync(new(by ?? Story.Alice, callId, decision, "rest") { Comment = comment }, default);

    public static async Task ApproveAsync(this Gateway gateway, string callId, Actor? by = null) =>
        Assert.Equal("recorded", (await gateway.DecideAsync(callId, "approved", by)).Answer);

    public static async Task<Told> ResultAsync(this Gateway gateway, string callId) =>
        new((await gateway.Queries.ResultAsync(Story.Agent, callId, "jamjet_result", default))!);

    public static async Task<IReadOnlyList<CallEvent>> EventsAsync(this Gateway gateway, string callId) => (await gateway.Store.LoadAsync(callId, default))!.Events;

    /// <summary>The names of the events, in order.</summary>
    public static async Task<string> HistoryAsync(this Gateway gateway, string callId) =>
        string.Join(' ', (await gateway.EventsAsync(callId)).Select(e => e.GetType().Name));

    public static async Task<CallView> ViewAsync(this Gateway gateway, string callId) => CallView.From(callId, await gateway.EventsAsync(callId));

    public static async Task<CallView> UntilAsync(this Gateway gateway, string callId, string status)
    {
        CallView? view = null;
        // A successor is named a moment before it is there.
        await Eventually.TrueAsync(
            async () => await gateway.Store.LoadAsync(callId, default) is not null && (view = await gateway.ViewAsync(callId)).Status == status,
            () => $"{callId} is {view?.Status}, not {status}");
        return view!;
    }

    /// <summary>All calls there are, oldest first.</summary>
    public static async Task<IReadOnlyList<CallView>> AllAsync(this Gateway gateway) =>
        [.. (await gateway.Store.ListAsync(new CallQuery([], 200), default)).Calls.Select(c => CallView.From(c.CallId, c.Events)).Reverse()];

    /// <summary>The one call that is pending, once there is one.</summary>
    public static async Task<string> PendingAsync(this Gateway gateway)
    {
        string? id = null;
        await Eventually.TrueAsync(
            async () => (id = (await gateway.AllAsync()).SingleOrDefault(c => c.Status == "pending")?.CallId) is not null, () => "no call is pending");
        return id!;
    }
}
