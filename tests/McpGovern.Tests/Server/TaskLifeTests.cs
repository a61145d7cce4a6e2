using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Policy;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Server;

/// <summary>A task's handle through what may become of its call between the approval and the end.</summary>
public sealed class TaskLifeTests : IAsyncLifetime, IDisposable
{
    private const string Gated = "require_approval_for: [pay]\n";
    private const string Stricter = "require_approval_for: [{ tools: [pay], approvers: [alice], deadline: 24h }]\n";

    private static readonly string Declared = ModernClient.Meta(ModernClient.TasksCapability);

    private readonly TempFolder _folder = new();
    private readonly HttpGateway _gateway;

    public TaskLifeTests() => _gateway = new()
    {
        Options = new() { PolicyFile = new PolicyInput(_folder.Write("policy.yaml", Gated), "policy.yaml", Inline: null) },
    };

    public Task InitializeAsync() => _gateway.InitializeAsync();

    public Task DisposeAsync() => _gateway.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Cancel_OfAnApprovedCallThatWaitsForItsServer_WithdrawsIt()
    {
        var id = await ParkAsync();
        await _gateway.Running.Upstream.DisposeAsync();
        await ApproveAsync(id);
        await UntilAsync(id, task => MessageOf(task).EndsWith("waits for its server", StringComparison.Ordinal));

        await AskAsync("tasks/cancel", id);

        Assert.Equal("cancelled", (await AskAsync("tasks/get", id)).GetProperty("status").GetString());
        Assert.Empty(_gateway.Running.Upstream.Calls);
    }

    [Fact]
    public async Task Get_AfterAPolicyReload_FollowsTheCallThatTookItsPlace()
    {
        var id = await ParkAsync();
        _folder.Replace("policy.yaml", Stricter);
        var successor = "";
        await UntilAsync(id, task => (successor = MessageOf(task).Split(' ')[^1]) != id && CallId.TryParse(successor, out _));

        var task = await AskAsync("tasks/get", id);
        Assert.Equal(
            (id, "working", $"waiting for approval of {successor}"), (task.GetProperty("taskId").GetString(), StatusOf(task), MessageOf(task)));
        await ApproveAsync(successor);

        var ended = await UntilAsync(id, t => t.GetProperty("status").GetString() != "working");
        Assert.Equal(("completed", _gateway.Running.Upstream.Result), (StatusOf(ended), ended.GetProperty("result").GetRawText()));
        Assert.Single(_gateway.Running.Upstream.Calls);
    }

    [Fact]
    public async Task Get_OfACallWhoseOutcomeIsUnknown_IsCompletedWithAnErrorThatSaysSo()
    {
        _gateway.Running.Upstream.HangsUp = true;
        var id = await ParkAsync();
        await ApproveAsync(id);

        var task = await UntilAsync(id, t => t.GetProperty("status").GetString() != "working");

        Assert.Equal(("completed", $"{id} is outcome_unknown"), (task.GetProperty("status").GetString(), MessageOf(task)));
        var result = task.GetProperty("result");
        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.Contains("Outcome unknown", result.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Single(_gateway.Running.Upstream.Calls);
    }

    private static string? StatusOf(JsonElement task) => task.GetProperty("status").GetString();

    private static string MessageOf(JsonElement task) => task.GetProperty("statusMessage").GetString()!;

    private async Task<string> ParkAsync() =>
        (await ModernClient.ResultAsync(_gateway, "tools/call", "\"name\":\"pay\",", "pay", Declared)).GetProperty("taskId").GetString()!;

    private Task<JsonElement> AskAsync(string method, string id) => ModernClient.ResultAsync(_gateway, method, $"\"taskId\":\"{id}\",", id, Declared);

    private Task ApproveAsync(string id) => _gateway.Running.Gateway.ApproveAsync(id);

    private async Task<JsonElement> UntilAsync(string id, Func<JsonElement, bool> holds)
    {
        var task = default(JsonElement);
        await Eventually.TrueAsync(async () => holds(task = await AskAsync("tasks/get", id)), () => $"it stays {task}");
        return task;
    }
}
