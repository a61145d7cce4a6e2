using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>
/// Takes what an upstream asks in the middle of a call to that call's own caller, and the reply back. Where it is not certain whose
/// question it is, or the caller cannot be asked, the upstream is told so at once.
/// </summary>
internal sealed class UpstreamQuestions
{
    private const int MethodNotFound = -32601;

    private readonly ConcurrentDictionary<string, CancellationTokenSource> _open = new(StringComparer.Ordinal);
    private readonly ITransport _transport;
    private readonly UpstreamConfig _config;
    private readonly UpstreamLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    public UpstreamQuestions(ITransport transport, Inbox inbox, UpstreamConfig config, UpstreamLimits limits, TimeProvider time, ILogger log)
    {
        (_transport, _config, _limits, _time, _log) = (transport, config, limits, time, log);
        // On the reader's thread, which goes on at once.
        inbox.Asked += question => _ = Task.Run(() => AnswerAsync(question));
        inbox.Withdrawn += Withdraw;
    }

    private async Task AnswerAsync(UpstreamQuestion question)
    {
        var reply = await AskAsync(question);
        if (reply is CallerReply.None none)
            UpstreamLog.NotAsked(_log, _config.GovernedName, question.Method, none.Why);
        if (IdOf(question.Id) is not { } id)
            return;

        JsonRpcMessage message = reply switch
        {
            CallerReply.Result result => new JsonRpcResponse { Id = id, Result = SdkJson.Node(result.Json) },
            CallerReply.Error error => new JsonRpcError { Id = id, Error = new() { Code = error.Code, Message = error.Message } },
            _ when question.Method == UpstreamQuestion.Elicitation => new JsonRpcResponse { Id = id, Result = new JsonObject { ["action"] = "cancel" } },
            var other => new JsonRpcError { Id = id, Error = new() { Code = MethodNotFound, Message = $"not available: {((CallerReply.None)other).Why}" } },
        };
        await SendAsync(question, message);
    }

    private async Task<CallerReply> AskAsync(UpstreamQuestion question)
    {
        if (question.Of is not { Caller: { } caller } call)
            return new CallerReply.None("it is not certain whose call it belongs to, or nobody waits for that call");

        var key = Encoding.UTF8.GetString(question.Id.Span);
        using var limit = new CancellationTokenSource(_limits.AskTimeout, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, call.Gone);
        _open[key] = stop;
        try
        {
            return await caller.AskAsync(question.Method, question.Params.IsEmpty ? null : Encoding.UTF8.GetString(question.Params.Span), stop.Token);
        }
        catch (Exception e)
        {
            return new CallerReply.None(e.Message);
        }
        finally
        {
            _open.TryRemove(key, out _);
        }
    }

    private async Task SendAsync(UpstreamQuestion question, JsonRpcMessage message)
    {
        var stdio = _config.Transport == "stdio";
        var attempt = new SendAttempt(tracked: !stdio, stdio ? default : MessageText.Write(message));
        if (await attempt.RunAsync(() => _transport.SendMessageAsync(message)) is { } failure)
            UpstreamLog.ReplyLost(_log, _config.GovernedName, question.Method, failure.ToString());
    }

    private void Withdraw(ReadOnlyMemory<byte> id)
    {
        if (!_open.TryGetValue(Encoding.UTF8.GetString(id.Span), out var stop))
            return;
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just been answered.
        }
    }

    private static RequestId? IdOf(ReadOnlyMemory<byte> json) => RawObject.AsString(json) is { } text ? new RequestId(text)
        : System.Buffers.Text.Utf8Parser.TryParse(json.Span, out long number, out var read) && read == json.Length ? new RequestId(number)
        : null;
}
