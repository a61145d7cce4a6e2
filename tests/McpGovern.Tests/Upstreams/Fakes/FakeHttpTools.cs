using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>How an answer goes back: in the response to the post as JSON or as an event, or on the stream held open beside it.</summary>
internal enum Reply
{
    Json,
    Stream,
    Push,
}

/// <summary>One request to a <see cref="FakeHttpUpstream"/>.</summary>
internal sealed record FakeHttpCall(HttpContext Context, JsonElement Message, Reply Reply)
{
    public string Id => Message.GetProperty("id").GetRawText();

    public string Method => Message.GetProperty("method").GetString()!;

    public JsonElement Params => Message.GetProperty("params");
}

/// <summary>The tools of a <see cref="FakeHttpUpstream"/>; every one writes a ledger line before it does what its name says.</summary>
internal static class FakeHttpTools
{
    private static readonly string[] Names = ["odd", "progress", "hang", "slow", "status", "redirect", "cut", "reset", "cookie", "big", "twice", "wrong_id"];

    public static Task AnswerAsync(FakeHttpUpstream upstream, FakeHttpCall call) => call.Method switch
    {
        "server/discover" when upstream.Modern => ResultAsync(upstream, call,
            """{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"logging":{}},"ttlMs":1,"cacheScope":"private"}"""),
        "subscriptions/listen" when upstream.Modern && upstream.Stream => ListenAsync(upstream, call),
        "initialize" => ResultAsync(upstream, call,
            """{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"fake","version":"1"} }"""),
        "tools/list" => ResultAsync(upstream, call, List(upstream)),
        "tools/call" => CallAsync(upstream, call),
        _ => SendAsync(upstream, call, $$"""{"jsonrpc":"2.0","error":{"code":-32601,"message":"no such method"},"id":{{call.Id}}}"""),
    };

    private static async Task CallAsync(FakeHttpUpstream upstream, FakeHttpCall call)
    {
        var tool = call.Params.GetProperty("name").GetString()!;
        var arguments = call.Params.GetProperty("arguments");
        upstream.Ledger.Enqueue($"{tool} {arguments.GetRawText()}");
        switch (tool)
        {
            case "form" or "pay": await ResultAsync(upstream, call, FakeQuestions.Form(call.Params)); break;
            case "elicit":
                var id = $"{upstream.Ledger.Count + 100}";
                await SendAsync(upstream, call, $$"""{"jsonrpc":"2.0","id":{{id}},"method":"elicitation/create","params":{{FakeQuestions.Question}}}""");
                var said = await upstream.Asked.GetOrAdd(id, _ => new()).Task.WaitAsync(TimeSpan.FromMinutes(1));
                await ResultAsync(upstream, call, $$"""{"content":[{"type":"text","text":{{JsonSerializer.Serialize(said)}}}]}""");
                break;
            case "logs":
                foreach (var message in FakeQuestions.Logs(call.Params))
                    await SendAsync(upstream, call, message);
                await ResultAsync(upstream, call, """{"content":[]}""");
                break;
            case "leak":
                var leak = call.Context.Request.Headers.Authorization;
                await SendAsync(upstream, call, $$$"""{"jsonrpc":"2.0","id":{{{call.Id}}},"error":{"code":-32001,"message":"not with {{{leak}}}","data":{"k":"{{{leak}}}"} } }""");
                break;
            case "odd":
                await ResultAsync(upstream, call, FakeTools.OddResult);
                break;
            case "progress":
                var token = call.Params.GetProperty("_meta").GetProperty("progressToken").GetRawText();
                for (var i = 1; i <= 50; i++)
                    await SendAsync(upstream, call, $$$"""{"jsonrpc":"2.0","params":{"progress":{{{i}}},"progressToken":{{{token}}} },"method":"notifications/progress"}""");
                await ResultAsync(upstream, call, """{"content":[]}""");
                break;
            case "hang" when call.Reply == Reply.Push: break;
            case "hang":
                await Task.Delay(Timeout.Infinite, call.Context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                upstream.Seen.Enqueue("dropped");
                break;
            case "slow":
                await (arguments.TryGetProperty("ms", out var ms) ? Task.Delay(ms.GetInt32()) : upstream.Released.Task);
                await ResultAsync(upstream, call, """{"content":[]}""");
                break;
            case "status":
                call.Context.Response.StatusCode = arguments.GetProperty("code").GetInt32();
                call.Context.Response.Headers.Location = "/elsewhere";
                if (arguments.TryGetProperty("stream", out _))
                {
                    call.Context.Response.ContentType = "text/event-stream";
                    await FakeHttpUpstream.WriteEventAsync(call.Context.Response, $$$"""{"jsonrpc":"2.0","error":{"code":-32602,"message":"not so"},"id":{{{call.Id}}}}""");
                    break;
                }

                await call.Context.Response.WriteAsync("no");
                break;
            case "cut":
                call.Context.Response.ContentType = upstream.Stream ? "text/event-stream" : "application/json";
                await call.Context.Response.WriteAsync("data: {\"jsonrpc\":");
                await call.Context.Response.Body.FlushAsync();
                call.Context.Abort();
                break;
            case "reset":
                call.Context.Abort();
                break;
            case "cookie":
                call.Context.Response.Headers.SetCookie = "a=b; Path=/";
                await ResultAsync(upstream, call, """{"content":[]}""");
                break;
            case "twice":
                await ResultAsync(upstream, call, """{"content":["first"]}""");
                await ResultAsync(upstream, call, """{"content":["second"]}""");
                break;
            case "wrong_id":
                await SendAsync(upstream, call, """{"jsonrpc":"2.0","id":"00000000000000000000000000000000","result":{"content":["forged"]} }""");
                await ResultAsync(upstream, call, """{"content":["mine"]}""");
                break;
            case "big":
                await ResultAsync(upstream, call, $$"""{"s":"{{new string('x', arguments.GetProperty("bytes").GetInt32())}}"}""");
                break;
            default:
                await ResultAsync(upstream, call, $$"""{"content":[],"params":{{call.Params.GetRawText()}}}""");
                break;
        }
    }

    private static async Task ListenAsync(FakeHttpUpstream upstream, FakeHttpCall call)
    {
        var id = call.Id;
        await SendAsync(upstream, call, $$$"""{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":{{{id}}} },"notifications":{"toolsListChanged":true} } }""");
        upstream.Seen.Enqueue("acknowledged");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(call.Context.RequestAborted, upstream.Listening.Token);
        await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await SendAsync(upstream, call, """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
    }

    private static string List(FakeHttpUpstream upstream) =>
        $$"""{"tools":[{"name":"echo","inputSchema":{{upstream.EchoSchema}}},"""
        + string.Join(",", Names.Concat(upstream.Extra).Select(FakeTools.Definition)) + """],"resultType":"complete","ttlMs":1,"cacheScope":"private"}""";

    private static Task ResultAsync(FakeHttpUpstream upstream, FakeHttpCall call, string result) =>
        SendAsync(upstream, call, $$"""{"jsonrpc":"2.0","id":{{call.Id}},"result":{{result}}}""");

    private static async Task SendAsync(FakeHttpUpstream upstream, FakeHttpCall call, string message)
    {
        var response = call.Context.Response;
        switch (call.Reply)
        {
            case Reply.Json:
                response.ContentType = "application/json";
                await response.WriteAsync(message);
                break;
            case Reply.Stream:
                if (!response.HasStarted)
                    response.ContentType = "text/event-stream";
                await FakeHttpUpstream.WriteEventAsync(response, message);
                break;
            case Reply.Push:
                await upstream.PushAsync(message);
                break;
        }
    }
}
