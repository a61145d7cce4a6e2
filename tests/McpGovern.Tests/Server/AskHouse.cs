using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Server;

/// <summary>A gateway whose calls are parked under the rule that their argument <c>rule</c> names, and clients of the stateless revision.</summary>
public sealed class AskHouse : IAsyncLifetime
{
    public const string Pages = "https://gate.example/";

    public const string Policy = """
        deny: [big]
        require_approval_for:
          - { tools: [pay], when: { rule: { eq: page } }, deadline: 1h }
          - { tools: [pay], when: { rule: { eq: form } }, ask: form, self_approval: true, approvers: ["agent:coder", alice] }
          - { tools: [pay], when: { rule: { eq: either } }, self_approval: true, approvers: ["agent:coder"] }
          - { tools: [pay], when: { rule: { eq: never } }, ask: never, self_approval: true, approvers: ["agent:coder"] }
          - { tools: [pay], when: { rule: { eq: human } }, human_required: true, self_approval: true, approvers: ["agent:coder", alice] }
          - { tools: [pay], when: { rule: { eq: others } }, ask: form, self_approval: true, approvers: [alice] }
          - { tools: [pay], when: { rule: { eq: two } }, ask: form, self_approval: true, quorum: 2, approvers: ["agent:coder", alice] }
          - { tools: [pay], when: { rule: { eq: reasons } }, ask: form, self_approval: true, comment: always, approvers: ["agent:coder"] }
        """;

    public const string Both = """{"elicitation":{"form":{},"url":{}}}""", UrlOnly = """{"elicitation":{"url":{}}}""";

    /// <summary>As it was said before there were modes.</summary>
    public const string FormOnly = """{"elicitation":{}}""";

    internal MovableTime Time { get; } = new();

    public HttpGateway Http { get; private set; } = null!;

    internal RunningGateway Running => Http.Running;

    /// <summary>How often the upstream was sent this call.</summary>
    public int Sent(string arguments) => Running.Upstream.Calls.Count(body => body.Contains(arguments, StringComparison.Ordinal));

    public async Task InitializeAsync()
    {
        Http = new HttpGateway { Options = new() { Policy = Policy, PublicUrl = new Uri(Pages), Time = Time } };
        await Http.InitializeAsync();
    }

    public Task DisposeAsync() => Http.DisposeAsync();

    public static string Arguments(string rule) => $$"""{"rule":"{{rule}}","note":"{{Guid.NewGuid()}}"}""";

    /// <param name="more">Members of the params, each with a comma behind it.</param>
    public static string Body(string arguments, string capabilities, string more = "", string tool = "pay") =>
        ModernClient.Body("tools/call", $"\"name\":\"{tool}\",\"arguments\":{arguments},{more}", ModernClient.Meta(capabilities));

    /// <summary>The whole answer.</summary>
    public async Task<JsonElement> AskAsync(
        string arguments, string capabilities, string more = "", string key = HttpGateway.AgentKey, string tool = "pay") =>
        (await ModernClient.AskAsync(Http, ModernClient.Post(Http, Body(arguments, capabilities, more, tool), tool, key))).Answer;

    public async Task<JsonElement> ResultAsync(string arguments, string capabilities, string more = "")
    {
        var answer = await AskAsync(arguments, capabilities, more);
        return answer.TryGetProperty("result", out var result) ? result : throw new Xunit.Sdk.XunitException(answer.GetRawText());
    }

    /// <summary>What a client says that comes back.</summary>
    public static string Back(JsonElement question, string answer) =>
        $"\"inputResponses\":{{\"approval\":{answer}}},\"requestState\":\"{question.GetProperty("requestState").GetString()}\",";

    /// <summary>The call with these arguments.</summary>
    internal async Task<LoadedCall> CallAsync(string arguments)
    {
        var all = await Running.Gateway.Store.ListAsync(new([], 200), default);
        return all.Calls.Select(c => new LoadedCall(c.CallId, c.Events, Call.Replay(c.Events))).Single(c => c.Known.Call.Arguments == arguments);
    }

    internal async Task ApproveAsync(string callId) => Assert.Equal("recorded", (await Running.Gateway.DecideAsync(callId, "approved")).Answer);
}
