using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>One task: it runs whoever asks for it, may ask for input, and keeps how it ended.</summary>
internal sealed class FixtureTask(CancellationTokenSource stop)
{
    private readonly Lock _gate = new();
    private readonly DateTime _created = DateTime.UtcNow;
    private readonly JsonObject _asked = [];
    private readonly Dictionary<string, InputResponse> _given = [];
    private TaskCompletionSource? _answered;
    private DateTime _changed = DateTime.UtcNow;
    private (string Status, string? Member, JsonNode? Value) _state = ("working", null, null);

    public string Id { get; } = $"fixture-{Guid.NewGuid():N}";

    public async Task RunAsync(Func<FixtureTask, CancellationToken, Task<CallToolResult>> work)
    {
        try
        {
            End("completed", "result", JsonSerializer.SerializeToNode(await work(this, stop.Token), FixtureContent.TypeInfo<CallToolResult>()));
        }
        catch (OperationCanceledException)
        {
            End("cancelled", null, null);
        }
        catch (McpProtocolException e)
        {
            End("failed", "error", new JsonObject { ["code"] = (int)e.ErrorCode, ["message"] = e.Message });
        }
    }

    /// <summary>Waits until all that is asked was answered, however many answers at a time.</summary>
    /// <param name="requests">Input requests by key, as JSON.</param>
    public async Task<IDictionary<string, InputResponse>> AskAsync(string requests, CancellationToken ct)
    {
        Task answered;
        lock (_gate)
        {
            foreach (var (key, request) in JsonNode.Parse(requests)!.AsObject())
            {
                _asked[key] = request!.DeepClone();
            }

            _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
            answered = _answered.Task;
        }

        await answered.WaitAsync(ct);
        return _given;
    }

    public void Answer(JsonObject responses)
    {
        lock (_gate)
        {
            foreach (var (key, response) in responses.Where(response => _asked.ContainsKey(response.Key)))
            {
                _asked.Remove(key);
                _given[key] = FixtureContent.Read<InputResponse>(response!.ToJsonString());
            }

            if (_asked.Count == 0)
            {
                _answered?.TrySetResult();
            }
        }
    }

    public void Cancel() => stop.Cancel();

    /// <param name="resultType"><c>task</c> for the handle, which has nothing of how the task stands but its status.</param>
    public JsonObject Show(string resultType)
    {
        lock (_gate)
        {
            var asks = _asked.Count > 0 && _state.Status == "working";
            var shown = new JsonObject
            {
                ["resultType"] = resultType,
                ["taskId"] = Id,
                ["status"] = asks ? "input_required" : _state.Status,
                ["createdAt"] = _created,
                ["lastUpdatedAt"] = _changed,
                ["ttlMs"] = 3_600_000,
                ["pollIntervalMs"] = 100,
            };
            if (resultType != "task" && asks)
            {
                shown["inputRequests"] = _asked.DeepClone();
            }
            else if (resultType != "task" && _state.Member is { } member)
            {
                shown[member] = _state.Value!.DeepClone();
            }

            return shown;
        }
    }

    private void End(string status, string? member, JsonNode? value)
    {
        lock (_gate)
        {
            (_state, _changed) = ((status, member, value), DateTime.UtcNow);
        }
    }
}
