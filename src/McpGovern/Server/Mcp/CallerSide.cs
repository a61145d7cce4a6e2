using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Upstreams;
using McpGovern.Wire;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>The client behind one request: what it declared, and how it is asked and told things while the request is under way.</summary>
/// <param name="client">As the request's handler got it: what is sent to it travels on the request's own response.</param>
/// <param name="gone">Cancelled when the client no longer waits.</param>
internal sealed class CallerSide(McpServer client, JsonRpcRequest request, SessionLog log, CancellationToken gone) : ICallerSide
{
    /// <summary>Whether its revision has no requests from a server: it is answered with questions instead.</summary>
    public bool IsStateless { get; } = ProtocolEra.IsStateless(request);

    /// <summary>For a stateless request its own, else those of <c>initialize</c>.</summary>
    public ClientCapabilities? Declared => IsStateless ? request.Context?.ClientCapabilities : client.ClientCapabilities;

    public string Capabilities => JsonSerializer.Serialize(Askable(), McpJsonUtilities.DefaultOptions);

    /// <summary>JSON object: the same, and the tasks extension as it was declared.</summary>
    public string CapabilitiesWithTasks
    {
        get
        {
            var all = Askable();
            all.Extensions = Declared?.Extensions?.TryGetValue(TaskMethods.Extension, out var tasks) == true
                ? new Dictionary<string, object> { [TaskMethods.Extension] = tasks } : null;
            return JsonSerializer.Serialize(all, McpJsonUtilities.DefaultOptions);
        }
    }

    public bool TakesTasks => request.Method == RequestMethods.ToolsCall && TaskMethods.IsDeclaredBy(request);

    public string? LogLevel => IsStateless ? StatelessLevel() : log.Level;

    public async ValueTask LogAsync(string paramsJson)
    {
        // Who came by `initialize` and named no level gets what the upstream chose to say; a stateless request has to ask.
        if ((LogLevel is null && IsStateless) || LevelOf(paramsJson) < LogLevels.Rank(LogLevel))
        {
            return;
        }

        try
        {
            await client.SendMessageAsync(new JsonRpcNotification { Method = NotificationMethods.LoggingMessageNotification, Params = SdkJson.Node(paramsJson) }, gone);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // A client that is gone misses what is said; the call goes on.
        }
    }

    public async Task<CallerReply> AskAsync(string method, string? paramsJson, CancellationToken ct)
    {
        if (IsStateless)
        {
            return new CallerReply.None("the caller's revision has no requests from a server");
        }

        var parameters = Encoding.UTF8.GetBytes(paramsJson ?? "{}");
        if (ClientNeeds.Missing(method, parameters, Declared) is { } missing)
        {
            return new CallerReply.None($"the caller did not declare {missing.Name}");
        }

        // An id of our own, so that it can be withdrawn: the SDK does not say so to the other side.
        var id = new RequestId($"ask-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, gone);
        try
        {
            var asked = new JsonRpcRequest { Id = id, Method = method, Params = paramsJson is null ? null : SdkJson.Node(ClientNeeds.AsAsked(parameters)) };
            var response = await client.SendRequestAsync(asked, either.Token);
            return new CallerReply.Result(RawCall.ResultOf(response) ?? JsonSerializer.SerializeToUtf8Bytes(response.Result, McpJsonUtilities.DefaultOptions));
        }
        catch (McpProtocolException e)
        {
            return new CallerReply.Error((int)e.ErrorCode, e.Message);
        }
        catch (OperationCanceledException)
        {
            await WithdrawAsync(id);
            return new CallerReply.None(gone.IsCancellationRequested ? "the caller went away" : "the caller did not answer in time");
        }
        catch (Exception e) when (e is McpException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            return new CallerReply.None(e.Message);
        }
    }

    private async Task WithdrawAsync(RequestId id)
    {
        try
        {
            await client.SendMessageAsync(new JsonRpcNotification
            {
                Method = NotificationMethods.CancelledNotification,
                Params = new JsonObject { ["requestId"] = id.ToString(), ["reason"] = "no answer is waited for any more" },
            });
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Nobody is there to be told.
        }
    }

    private ClientCapabilities Askable() => new() { Elicitation = Declared?.Elicitation, Sampling = Declared?.Sampling, Roots = Declared?.Roots };

    private string? StatelessLevel() =>
        ProtocolEra.MetaOf(request)?[MetaKeys.LogLevel] is JsonValue value && value.TryGetValue(out string? level) ? level : null;

    private static int LevelOf(string paramsJson) => RawObject.Read(Encoding.UTF8.GetBytes(paramsJson)) is { } members
        ? LogLevels.Rank(RawObject.AsString(members.FindLast(member => member.Name == "level").Value))
        : -1;
}
