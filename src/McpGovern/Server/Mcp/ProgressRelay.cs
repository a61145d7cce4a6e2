using System.Text;
using McpGovern.Calls;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>Sends a call's progress to the client that asked for it, under the client's own token.</summary>
internal sealed class ProgressRelay(McpServer client, string tokenJson, CancellationToken ct) : ICallProgress
{
    public async ValueTask ReportAsync(string paramsJson)
    {
        var members = paramsJson.Trim()[1..];
        var separator = members.TrimStart().StartsWith('}') ? "" : ",";
        var json = Encoding.UTF8.GetBytes($$"""{"progressToken":{{tokenJson}}{{separator}}{{members}}""");
        try
        {
            await client.SendMessageAsync(
                new JsonRpcNotification { Method = NotificationMethods.ProgressNotification, Params = SdkJson.Node(json) }, ct);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // A client that is gone misses its progress; the call goes on.
        }
    }
}
