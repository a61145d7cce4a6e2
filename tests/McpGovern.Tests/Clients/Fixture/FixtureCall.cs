using System.Text.Json;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>One <c>tools/call</c>, with what a tool may say while it runs.</summary>
internal sealed class FixtureCall(RequestContext<CallToolRequestParams> request)
{
    public McpServer Server => request.Server;

    public IDictionary<string, InputResponse>? Responses => request.Params!.InputResponses;

    public string? State => request.Params!.RequestState;

    /// <summary>Of this request where it says so, else of the session.</summary>
    public ClientCapabilities Capabilities => request.JsonRpcRequest.Context?.ClientCapabilities ?? Server.ClientCapabilities ?? new();

    public bool TakesTasks => IsModern && Capabilities.Extensions?.ContainsKey(FixtureTasks.Extension) == true;

    public bool IsModern => Server.IsMrtrSupported && request.JsonRpcRequest.Context?.ProtocolVersion is { } version
        && string.CompareOrdinal(version, "2026-07-28") >= 0;

    public static CallToolResult Text(string text, bool isError = false) =>
        new() { Content = [new TextContentBlock { Text = text }], IsError = isError ? true : null };

    public JsonElement? Argument(string name) => request.Params!.Arguments is { } given && given.TryGetValue(name, out var value) ? value : null;

    public string? TextArgument(string name) => Argument(name)?.ToString();

    public async Task ProgressAsync(double done, CancellationToken ct)
    {
        if (request.Params!.ProgressToken is { } token)
        {
            await NotifyAsync(NotificationMethods.ProgressNotification, new ProgressNotificationParams
            {
                ProgressToken = token,
                Progress = new() { Progress = (float)done, Total = 100 },
            }, ct);
        }
    }

    /// <summary>The stateless revision has each request say whether it wants to be told, and how much.</summary>
    public async Task LogAsync(string message, CancellationToken ct)
    {
        if (!IsModern || request.JsonRpcRequest.Context?.LogLevel is not null)
        {
            await NotifyAsync(NotificationMethods.LoggingMessageNotification, new LoggingMessageNotificationParams
            {
                Level = LoggingLevel.Info,
                Logger = "conformance-fixture",
                Data = JsonSerializer.SerializeToElement(message),
            }, ct);
        }
    }

    private Task NotifyAsync<T>(string method, T parameters, CancellationToken ct) => Server.SendMessageAsync(new JsonRpcNotification
    {
        Method = method,
        Params = JsonSerializer.SerializeToNode(parameters, FixtureContent.TypeInfo<T>()),
    }, ct);
}
