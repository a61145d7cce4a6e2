using System.ComponentModel;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace PaymentsServer;

internal sealed record Payment(decimal Amount, string Currency, string Payee);

/// <summary>A tool that looks and a tool that acts.</summary>
internal static class PaymentTools
{
    private static readonly Dictionary<string, Payment> Payments = new()
    {
        ["pay-1001"] = new(1250.00m, "EUR", "Northwind Paper"),
        ["pay-1002"] = new(89.90m, "EUR", "Contoso Hosting"),
        ["pay-1003"] = new(48000.00m, "USD", "Fabrikam Machines"),
    };

    public static IEnumerable<McpServerTool> Create(Ledger ledger, TimeSpan delay)
    {
        yield return McpServerTool.Create(Fetch, new()
        {
            Name = "fetch_payment_details",
            Description = $"Looks a payment up. Known: {string.Join(", ", Payments.Keys)}.",
            ReadOnly = true,
            UseStructuredContent = true,
        });
        yield return McpServerTool.Create(SubmitAsync, new()
        {
            Name = "submit",
            Description = "Sends the money. Doing it twice pays twice.",
            Destructive = true,
            Idempotent = false,
        });

        async Task<string> SubmitAsync(
            RequestContext<CallToolRequestParams> context,
            [Description("The payment, for example pay-1001")] string payment_id,
            [Description("How much to send")] decimal amount,
            [Description("Three letters, for example EUR")] string currency)
        {
            var key = context.Params?.Meta?["mcpgovern/idempotency-key"]?.ToString();
            await ledger.AppendAsync(new(TimeProvider.System.GetUtcNow(), payment_id, amount, currency, key));
            // The moment in which a crash leaves money sent and nobody told.
            await Task.Delay(delay);
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"paid {amount} {currency} for {payment_id}");
        }
    }

    private static Payment Fetch([Description("The payment, for example pay-1001")] string payment_id) =>
        Payments.GetValueOrDefault(payment_id) ?? throw new McpException($"no payment {payment_id}");
}
