using System.Text.Json;
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
        var parameters = mode == AskMode.Url ? Elicitation.UrlParams(call, asks.UrlOf(call)!, withId: true) : Elicitation.FormParams(call, _knowsModes);
        var response = await client.SendRequestAsync(new JsonRpcRequest { Method = Elicitation.Method, Params = parameters }, ct);
        if (mode == AskMode.Form)
        {
            await asks.DecideAsync(actor, call.Id, call.Known.Gate!.CallHash, Elicitation.Read(JsonSerializer.SerializeToElement(response.Result)));
        }
    }
}
