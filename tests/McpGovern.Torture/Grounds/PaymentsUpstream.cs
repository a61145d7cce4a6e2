using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpGovern.Torture.Grounds;

/// <summary>
/// The payments of the example over HTTP, in the storm's own process: it outlives every gateway, and its ledger says what has happened.
/// The second word of a payment's name says how it behaves after it was made.
/// </summary>
internal sealed class PaymentsUpstream : IAsyncDisposable
{
    private const string Tools =
        """
        {"tools":[
          {"name":"fetch_payment_details","description":"Looks a payment up.","inputSchema":{"type":"object","properties":{"payment_id":{"type":"string"}}}},
          {"name":"submit","description":"Sends the money.","inputSchema":{"type":"object","properties":{"payment_id":{"type":"string"},"amount":{"type":"number"},"currency":{"type":"string"}}}}]}
        """;

    private readonly FileStream ledger;
    private readonly WebApplication app;
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PaymentsUpstream(string ledgerFile)
    {
        ledger = new FileStream(ledgerFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    /// <summary>Writes every payment twice, as if it had been asked for twice.</summary>
    public bool PaysTwice { get; init; }

    /// <summary>How long a <c>late</c> payment's answer takes.</summary>
    public TimeSpan Late { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>Every call of a tool, and when it came by <see cref="Stopwatch"/>.</summary>
    public ConcurrentQueue<(string Payment, long At)> Arrivals { get; } = new();

    public Uri Endpoint => new(new Uri(app.Urls.First()), "/mcp");

    public static async Task<PaymentsUpstream> StartAsync(string ledgerFile, bool paysTwice)
    {
        var upstream = new PaymentsUpstream(ledgerFile) { PaysTwice = paysTwice };
        await upstream.app.StartAsync();
        return upstream;
    }

    /// <summary>Lets all <c>held</c> payments be answered.</summary>
    public void Release() => released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        released.TrySetResult();
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
        await ledger.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (context.Request.Method != "POST")
        {
            context.Response.StatusCode = 405;
            return;
        }

        var at = Stopwatch.GetTimestamp();
        using var document = await JsonDocument.ParseAsync(context.Request.Body);
        var message = document.RootElement;
        if (!message.TryGetProperty("id", out var given))
        {
            context.Response.StatusCode = 202;
            return;
        }

        var id = given.GetRawText();
        await (message.GetProperty("method").GetString() switch
        {
            "initialize" => AnswerAsync(context, id, """{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"payments","version":"1"}}"""),
            "tools/list" => AnswerAsync(context, id, Tools),
            "tools/call" => CallAsync(context, id, message.GetProperty("params"), at),
            _ => SayAsync(context, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32601,"message":"no such method"}}"""),
        });
    }

    private async Task CallAsync(HttpContext context, string id, JsonElement call, long at)
    {
        var payment = call.GetProperty("arguments").GetProperty("payment_id").GetString()!;
        Arrivals.Enqueue((payment, at));
        if (call.GetProperty("name").GetString() == "submit")
        {
            Pay(payment, call.GetProperty("_meta").GetProperty("mcpgovern/idempotency-key").GetString()!);
        }

        switch (payment.Split('-')[1])
        {
            case "held":
                await released.Task;
                await PaidAsync(context, id, payment);
                break;
            case "hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case "late":
                await Task.Delay(Late, CancellationToken.None);
                await PaidAsync(context, id, payment);
                break;
            case "cut":
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("{\"jsonrpc\":\"2.0\",\"id\":");
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case "reset":
                context.Abort();
                break;
            case "broken":
                context.Response.StatusCode = 500;
                await context.Response.WriteAsync("no");
                break;
            case "garbage":
                await SayAsync(context, "{\"jsonrpc\": nonsense");
                break;
            case "other":
                await AnswerAsync(context, "\"00000000000000000000000000000000\"", Text(payment));
                break;
            case "refused":
                await SayAsync(context, $$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32050,"message":"no such payment"}}""");
                break;
            default:
                await PaidAsync(context, id, payment);
                break;
        }
    }

    private void Pay(string payment, string key)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(new { payment_id = payment, amount = 1, currency = "EUR", idempotency_key = key });
        lock (ledger)
        {
            for (var i = 0; i < (PaysTwice ? 2 : 1); i++)
            {
                ledger.Write([.. line, (byte)'\n']);
            }
        }
    }

    private static string Text(string payment) => $$"""{"content":[{"type":"text","text":"paid 1 EUR for {{payment}}"}]}""";

    private static Task PaidAsync(HttpContext context, string id, string payment) => AnswerAsync(context, id, Text(payment));

    private static Task AnswerAsync(HttpContext context, string id, string result) => SayAsync(context, $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""");

    private static Task SayAsync(HttpContext context, string message)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(message);
    }
}
