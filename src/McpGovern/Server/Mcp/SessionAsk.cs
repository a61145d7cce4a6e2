using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>The revisions that begin with <c>initialize</c>: the client is asked while its request waits, on that request's own stream.</summary>
internal sealed class SessionAsk(ApprovalAsk asks, Actor actor, McpServer client, ElicitationCapability declared, ILogger log) : ICallAsk
{
    private readonly bool _knowsModes = string.CompareOrdinal(client.NegotiatedProtocolVersion, Elicitation.UrlRevision) >= 0;

    public Task<CallAnswer?> InsteadAsync(LoadedCall call, CancellationToken ct) => Task.FromResult<CallAnswer?>(null);

    public async Task BesideAsync(LoadedCall call, CancellationToken ct)
    {
        try
        {
            // Before there were modes, whoever can be asked at all can be asked in a form.
            var can = _knowsModes ? declared : new ElicitationCapability { Form = new() };
            if (await asks.BeginAsync(call, actor, can, ct) is { } mode)
            {
                await AskAsync(call, mode, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The wait is over, and the question was taken back with it.
        }
        catch (Exception e)
        {
            // A client that cannot be asked is one that was not: the call waits for whoever decides it.
            log.AskFailed(call.Id, e.GetType().Name);
        }
    }

    private async Task AskAsync(LoadedCall call, AskMode mode, CancellationToken ct)
    {
        var parameters = mode == AskMode.Url
            ? Elicitation.UrlParams(call, asks.UrlOf(call)!, withId: true) : Elicitation.FormParams(call, _knowsModes);
        // There is one question to a call, ever.
        var id = new RequestId($"ask:{call.Id}");
        JsonRpcResponse response;
        try
        {
            response = await client.SendRequestAsync(new JsonRpcRequest { Id = id, Method = Elicitation.Method, Params = parameters }, ct);
        }
        catch (OperationCanceledException)
        {
            await WithdrawAsync(id);
            throw;
        }

        if (mode == AskMode.Form)
        {
            await asks.DecideAsync(actor, call.Id, call.Known.Gate!.CallHash, Elicitation.Read(JsonSerializer.SerializeToElement(response.Result)));
        }
    }

    // The SDK forgets a request that is cancelled, and tells nobody: a form would stay open whose answer nobody reads.
    private Task WithdrawAsync(RequestId id) => client.SendMessageAsync(
        new JsonRpcNotification
        {
            Method = NotificationMethods.CancelledNotification,
            Params = new JsonObject { ["requestId"] = id.ToString(), ["reason"] = "the call is no longer held" },
        },
        CancellationToken.None);
}
