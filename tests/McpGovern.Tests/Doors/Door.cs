using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Doors;

/// <summary>One way in which a decision comes in, as its users send it.</summary>
internal sealed class Door(string name, Func<DoorHouse, string, Ask, Task<DoorAnswer>> decide, Func<DoorHouse, string, string?, Task<DoorAnswer>> cancel)
{
    public static readonly Door
        Mcp = new("mcp", McpDecideAsync, (house, id, reason) => McpAsync(house, "jamjet_cancel", new() { ["call_id"] = id, ["reason"] = reason })),
        Rest = new("rest", RestDecideAsync, (house, id, reason) => PostAsync(house, $"/api/v1/calls/{id}/cancel", "alice", Json(("reason", reason)))),
        JamJet = new("jamjet", JamJetDecideAsync, Rest.CancelAsync),
        Cli = new("cli", (house, id, ask) => CliAsync(house, Verb(ask), [id, .. Flags(ask)], ask.By),
            (house, id, reason) => CliAsync(house, "cancel", reason is null ? [id] : [id, "--reason", reason], "alice")),
        CliServer = new("cli --server", (house, id, ask) => CliAsync(house, Verb(ask), [id, .. Flags(ask), .. Server(house)], ask.By),
            (house, id, reason) => CliAsync(house, "cancel", reason is null ? [id, .. Server(house)] : [id, "--reason", reason, .. Server(house)], "alice"));

    public static readonly IReadOnlyList<Door> All = [Mcp, Rest, JamJet, Cli, CliServer];

    public Task<DoorAnswer> DecideAsync(DoorHouse house, string id, Ask ask) => decide(house, id, ask);

    public Task<DoorAnswer> CancelAsync(DoorHouse house, string id, string? reason) => cancel(house, id, reason);

    public override string ToString() => name;

    /// <summary>How this door shows an answer with that HTTP status and exit code.</summary>
    public string SignOf(int http, int exit) => this == Mcp ? (http == 200 ? "ok" : "isError")
        : this == Cli || this == CliServer ? $"exit {exit}" : $"HTTP {http}";

    public static async Task<DoorAnswer> PostAsync(DoorHouse house, string path, string by, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(house.Address, path));
        request.Headers.Authorization = by.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", DoorHouse.KeyOf(by));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await house.Http.SendAsync(request);
        var json = JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
        Assert.Equal(response.IsSuccessStatusCode ? "application/json" : "application/problem+json", response.Content.Headers.ContentType?.MediaType);
        if (response.IsSuccessStatusCode)
        {
            return new((string?)json["answer"], $"HTTP {(int)response.StatusCode}", json, "");
        }

        // RFC 9457 has `status` for itself, so the call's stands beside it.
        Assert.Equal((int)response.StatusCode, (int)json["status"]!);
        Assert.Equal((string?)json["detail"], (string?)json["error"]);
        json["status"] = json["call_status"]?.DeepClone();
        return new((string?)json["code"], $"HTTP {(int)response.StatusCode}", json, (string)json["detail"]!);
    }

    public static async Task<DoorAnswer> McpAsync(DoorHouse house, string tool, Dictionary<string, object?> arguments)
    {
        var result = await house.Mcp.CallToolAsync(tool, arguments);
        var json = JsonNode.Parse(result.StructuredContent!.Value.GetRawText())!.AsObject();
        var text = string.Join('\n', result.Content.OfType<TextContentBlock>().Select(block => block.Text));
        if (result.IsError == true)
        {
            Assert.StartsWith($"{(string?)json["code"]}: ", text, StringComparison.Ordinal);
        }

        return new((string?)json[result.IsError == true ? "code" : "answer"], result.IsError == true ? "isError" : "ok", json, text);
    }

    public static async Task<DoorAnswer> CliAsync(DoorHouse house, string verb, string[] args, string by)
    {
        var end = await GovernProcess.RunToEndAsync(verb, house.Settings, [.. args, "--json"], new Dictionary<string, string?> { ["MCPGOVERN_KEY"] = DoorHouse.KeyOf(by) });
        Assert.True(end.Output.StartsWith('{'), $"{verb} {string.Join(' ', args)}: {end}");
        var json = JsonNode.Parse(end.Output)!.AsObject();
        return new((string?)json["answer"], string.Create(CultureInfo.InvariantCulture, $"exit {end.ExitCode}"), json, end.Errors);
    }

    private static Task<DoorAnswer> McpDecideAsync(DoorHouse house, string id, Ask ask) => McpAsync(house, "jamjet_approve", new()
    {
        ["execution_id"] = id,
        ["decision"] = ask.Decision,
        ["node_id"] = ask.NodeId,
        ["comment"] = ask.Comment,
        ["expected_hash"] = ask.ExpectedHash,
    });

    private static Task<DoorAnswer> RestDecideAsync(DoorHouse house, string id, Ask ask) => PostAsync(house, $"/api/v1/calls/{id}/{Verb(ask)}", ask.By, Body(ask));

    private static Task<DoorAnswer> JamJetDecideAsync(DoorHouse house, string id, Ask ask) =>
        PostAsync(house, $"/executions/{id}/approve", ask.By, Body(ask, ("decision", ask.Decision)));

    private static string Verb(Ask ask) => ask.Decision == "approved" ? "approve" : "reject";

    private static string[] Server(DoorHouse house) => ["--server", house.Address.ToString()];

    private static IEnumerable<string> Flags(Ask ask) =>
        new[] { ("--comment", ask.Comment), ("--node", ask.NodeId), ("--expect", ask.ExpectedHash) }
            .Where(flag => flag.Item2 is not null)
            .SelectMany(flag => new[] { flag.Item1, flag.Item2! });

    private static string Body(Ask ask, params (string, string?)[] more) =>
        Json([("comment", ask.Comment), ("node_id", ask.NodeId), ("expected_hash", ask.ExpectedHash), .. more]);

    private static string Json(params (string Name, string? Value)[] members) =>
        JsonSerializer.Serialize(members.Where(m => m.Value is not null).ToDictionary(m => m.Name, m => m.Value));
}
