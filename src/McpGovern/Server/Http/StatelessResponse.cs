using System.Text.Json;
using McpGovern.Wire;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>
/// The response to one stateless request. A refusal that comes at once gets the status that belongs to it; whatever takes longer gets
/// its headers without waiting for the first message, so that nobody takes it for dead.
/// </summary>
internal sealed class StatelessResponse(HttpContext http, SseStream events, TimeProvider time)
{
    // As long as an upstream may take to say that the client lacks a capability, which has a status of its own; clients want to see
    // headers within half a second. A word that comes later is an event.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    private int _begun;
    private JsonRpcError? _refusal;
    private Task _serving = Task.CompletedTask;

    /// <param name="working">Completes when the request was taken up: what is refused out of hand comes before, and has its status.</param>
    /// <param name="answer">Writes to the events, and says before the first one which it is.</param>
    public async Task RunAsync(Func<Func<JsonRpcMessage?, ValueTask>, Task> answer, Task working, CancellationToken ct)
    {
        var answering = answer(StartAsync);
        if (await Task.WhenAny(answering, LosePatienceAsync(working, ct)) != answering)
        {
            Begin();
        }

        await answering;
        events.End();
        await _serving;
        if (_refusal is { } refusal)
        {
            await WriteAsync(http, StatusOf(refusal), JsonSerializer.SerializeToUtf8Bytes(refusal, SdkJson.Message));
        }
    }

    public static async Task WriteAsync(HttpContext http, int status, byte[] json)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(json, http.RequestAborted);
    }

    public static void BeginEvents(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers.ContentEncoding = "identity";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private async Task LosePatienceAsync(Task working, CancellationToken ct)
    {
        await working.WaitAsync(ct);
        await Task.Delay(Patience, time, ct);
    }

    private ValueTask StartAsync(JsonRpcMessage? first)
    {
        if (first is JsonRpcError error && Interlocked.Exchange(ref _begun, 1) == 0)
        {
            _refusal = error;
        }
        else
        {
            Begin();
        }

        return default;
    }

    private void Begin()
    {
        if (Interlocked.Exchange(ref _begun, 1) == 0)
        {
            BeginEvents(http.Response);
            _serving = events.ServeAsync(http.Response.Body, http.RequestAborted);
        }
    }

    // An upstream's own error says nothing of this request's form: it is an answer like any other, but for what the client cannot do.
    private static int StatusOf(JsonRpcError error) => error.Error.Code switch
    {
        RpcCode.MissingClientCapability => StatusCodes.Status400BadRequest,
        _ when RawCall.AnswerOf(error) is JsonRpcErrorDetail => StatusCodes.Status200OK,
        RpcCode.MethodNotFound => StatusCodes.Status404NotFound,
        RpcCode.InvalidRequest or RpcCode.HeaderMismatch or RpcCode.UnsupportedProtocolVersion => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status200OK,
    };
}
