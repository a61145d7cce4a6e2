using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;

namespace McpGovern.Cli;

/// <summary>A server's REST, with the key from <c>MCPGOVERN_KEY</c>.</summary>
internal sealed class RemoteDoor : ICallDoor
{
    private readonly HttpClient http;

    public RemoteDoor(Uri server, string? key)
    {
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = new Uri(server, "/api/v1/") };
        http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>How long the server may take over an answer.</summary>
    public TimeSpan Patience { init => http.Timeout = value; }

    public Task<DecisionAnswer> DecideAsync(string target, string decision, string? nodeId, string? comment, string? expectedHash, CancellationToken ct) =>
        PostAsync(target, decision == "approved" ? "approve" : "reject", new { comment, node_id = nodeId, expected_hash = expectedHash }, ct);

    public async Task<DecidedBatch> DecideAllAsync(byte[] json, CancellationToken ct)
    {
        using var content = new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return await ReadAsync<DecidedBatch>(await SendAsync(HttpMethod.Post, "decisions", content, ct), ct)
            ?? throw new DoorException("this server takes no decisions in batches", 1);
    }

    public Task<DecisionAnswer> CancelAsync(string target, string? reason, CancellationToken ct) => PostAsync(target, "cancel", new { reason }, ct);

    public Task<DecisionAnswer> ResolveAsync(string target, string? outcome, string? comment, CancellationToken ct) =>
        PostAsync(target, "resolve", new { outcome, comment }, ct);

    public async Task<CallList> ListAsync(CallFilter filter, CancellationToken ct)
    {
        var query = string.Join('&', Parameters(filter).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));
        return await ReadAsync<CallList>(await SendAsync(HttpMethod.Get, $"calls?{query}", null, ct), ct)
            ?? throw new DoorException("the server answered with nothing", 1);
    }

    public async Task<CallView?> FindAsync(string target, CancellationToken ct) =>
        await ReadAsync<CallView>(await SendAsync(HttpMethod.Get, $"calls/{Uri.EscapeDataString(target)}", null, ct), ct);

    public Task<string?> RunAsync(string callId, CancellationToken ct) => Task.FromResult<string?>("the server runs it");

    public async Task<FreezeAnswer> FreezeAsync(bool freeze, string? kind, string? name, string? comment, CancellationToken ct)
    {
        var query = string.Join('&', new[] { ("kind", kind), ("name", name), ("comment", comment) }
            .Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2!)}"));
        using var response = freeze
            ? await SendAsync(HttpMethod.Post, "freezes", new { kind, name, comment }, ct)
            : await SendAsync(HttpMethod.Delete, $"freezes?{query}", null, ct);
        using var json = await JsonAsync(response, ct);
        return response.IsSuccessStatusCode && json.RootElement.Deserialize<FreezeAnswer>() is { } answer
            ? answer with { Message = answer.Freeze?.Target ?? "" }
            : new(Member(json.RootElement, "code") ?? "", false, null,
                Member(json.RootElement, "detail") ?? $"the server answered {(int)response.StatusCode}");
    }

    public async Task<FreezeList> FreezesAsync(CancellationToken ct) =>
        await ReadAsync<FreezeList>(await SendAsync(HttpMethod.Get, "freezes", null, ct), ct) ?? throw new DoorException("this server has no freezes", 1);

    public async Task<GrantAnswer> GrantAsync(string? tool, string? requester, int? times, string? until, string? when, string? comment, CancellationToken ct)
    {
        JsonNode? bounds;
        try
        {
            bounds = when is null ? null : JsonNode.Parse(when);
        }
        catch (JsonException)
        {
            throw new DoorException("--when is no JSON", AnswerCode.BadRequest.Exit);
        }

        return await GrantAnswerAsync(await SendAsync(HttpMethod.Post, "grants", new { tool, @for = requester, times, until, when = bounds, comment }, ct), ct);
    }

    public async Task<GrantAnswer> RevokeGrantAsync(string id, string? comment, CancellationToken ct) => await GrantAnswerAsync(await SendAsync(
        HttpMethod.Delete, $"grants/{Uri.EscapeDataString(id)}{(comment is null ? "" : $"?comment={Uri.EscapeDataString(comment)}")}", null, ct), ct);

    public async Task<GrantList> GrantsAsync(CancellationToken ct) =>
        await ReadAsync<GrantList>(await SendAsync(HttpMethod.Get, "grants", null, ct), ct) ?? throw new DoorException("this server has no grants", 1);

    private static async Task<GrantAnswer> GrantAnswerAsync(HttpResponseMessage response, CancellationToken ct)
    {
        using (response)
        {
            using var json = await JsonAsync(response, ct);
            return response.IsSuccessStatusCode && json.RootElement.Deserialize<GrantAnswer>() is { } answer
                ? answer with { Message = $"{answer.Grant?.Id} is {answer.Grant?.State}" }
                : new(Member(json.RootElement, "code") ?? "", false, null, Member(json.RootElement, "detail") ?? $"the server answered {(int)response.StatusCode}");
        }
    }

    public async Task<ToolList> ToolsAsync(CancellationToken ct) =>
        await ReadAsync<ToolList>(await SendAsync(HttpMethod.Get, "tools", null, ct), ct) ?? throw new DoorException("this server has no pins", 1);

    public async Task<PinAnswer> PinAsync(string name, string? expectedHash, string? comment, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Post, "tools", new { name, expected_hash = expectedHash, comment }, ct);
        using var json = await JsonAsync(response, ct);
        return response.IsSuccessStatusCode && json.RootElement.Deserialize<PinAnswer>() is { } answer
            ? answer
            : new(Member(json.RootElement, "code") ?? "", false, null, Member(json.RootElement, "detail") ?? $"the server answered {(int)response.StatusCode}");
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<(string Name, string Value)> Parameters(CallFilter filter)
    {
        yield return ("limit", $"{filter.Limit}");
        if (filter.Statuses.Count > 0) yield return ("status", string.Join(',', filter.Statuses));
        if (filter.Cursor is { } cursor) yield return ("cursor", cursor);
        if (filter.Server is { } server) yield return ("server", server);
        if (filter.Tool is { } tool) yield return ("tool", tool);
        if (filter.RequestedBy is { } by) yield return ("requested_by", by);
    }

    private async Task<DecisionAnswer> PostAsync(string target, string verb, object body, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Post, $"calls/{Uri.EscapeDataString(target)}/{verb}", body, ct);
        using var json = await JsonAsync(response, ct);
        var members = JsonObject.Create(json.RootElement)!;
        if (!response.IsSuccessStatusCode)
        {
            // RFC 9457 has `status` for itself, so the call's own stands beside it.
            members["status"] = members["call_status"]?.DeepClone();
        }

        var answer = members.Deserialize<DecisionAnswer>()!;
        var code = Member(json.RootElement, "code") ?? answer.Answer;
        var message = Member(json.RootElement, "detail") ?? Member(json.RootElement, "error");
        return code is null ? throw new DoorException($"the server answered {(int)response.StatusCode}: {message}", 1)
            : answer with { Answer = code, Message = message ?? $"{answer.CallId} is {answer.Status}" };
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body as HttpContent ?? (body is null ? null : JsonContent.Create(body)) };
        try
        {
            return await http.SendAsync(request, ct);
        }
        catch (HttpRequestException e)
        {
            throw new DoorException($"{http.BaseAddress!.GetLeftPart(UriPartial.Authority)} cannot be reached: {e.Message}", 1);
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            var doubt = method == HttpMethod.Get ? "" : "; it is not known whether it did what it was asked";
            throw new DoorException($"{http.BaseAddress!.GetLeftPart(UriPartial.Authority)} did not answer within {http.Timeout.TotalSeconds:0.#} s{doubt}", 1);
        }
    }

    private static async Task<T?> ReadAsync<T>(HttpResponseMessage response, CancellationToken ct) where T : class
    {
        using (response)
        {
            using var json = await JsonAsync(response, ct);
            if (response.IsSuccessStatusCode)
            {
                return json.RootElement.Deserialize<T>();
            }

            var code = Member(json.RootElement, "code") ?? "";
            return response.StatusCode == HttpStatusCode.NotFound && code == AnswerCode.NotFound.Word ? null
                : throw new DoorException($"{code}: {Member(json.RootElement, "detail")}", AnswerCode.ByWord.TryGetValue(code, out var known) ? known.Exit : 1);
        }
    }

    private static async Task<JsonDocument> JsonAsync(HttpResponseMessage response, CancellationToken ct)
    {
        try
        {
            var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(ct));
            return json.RootElement.ValueKind == JsonValueKind.Object ? json : throw new JsonException("it is no object");
        }
        catch (JsonException)
        {
            throw new DoorException($"the server answered {(int)response.StatusCode} without JSON: is it a McpGovern server?", 1);
        }
    }

    private static string? Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
