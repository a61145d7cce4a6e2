using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Examples;

/// <summary>The example's own server: what the demonstrations and the crash tests believe must itself be believable.</summary>
public sealed class PaymentsServerTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string Ledger => folder.File("ledger.jsonl");

    [Fact]
    public async Task Submit_Twice_WritesTwoLinesWithTheirKeys()
    {
        await using var client = await ConnectAsync("--ledger", Ledger);
        foreach (var key in new[] { "call_1", "call_2" })
        {
            await client.CallToolAsync(
                "submit",
                Payment("pay-1001", 1250.00m),
                options: new RequestOptions { Meta = new JsonObject { ["mcpgovern/idempotency-key"] = key } });
        }

        var lines = PaymentsExample.ReadLedger(Ledger);
        Assert.Equal(["call_1", "call_2"], lines.Select(line => (string?)line["idempotency_key"]));
        Assert.All(lines, line => Assert.Equal(("pay-1001", 1250.00m, "EUR"), ((string?)line["payment_id"], (decimal)line["amount"]!, (string?)line["currency"])));
    }

    [Fact]
    public async Task Submit_FromTwoServersAtOnce_LosesNoLine()
    {
        await using var one = await ConnectAsync("--ledger", Ledger);
        await using var two = await ConnectAsync("--ledger", Ledger);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(n => (n % 2 == 0 ? one : two).CallToolAsync("submit", Payment($"p-{n}", n)).AsTask()));

        Assert.Equal(
            Enumerable.Range(0, 200).Select(n => $"p-{n}").Order(),
            PaymentsExample.ReadLedger(Ledger).Select(line => (string)line["payment_id"]!).Order());
    }

    [Fact]
    public async Task Submit_WithTheLedgerInTheEnvironment_WritesThere()
    {
        await using var client = await StartAsync(new() { ["PAYMENTS_LEDGER"] = Ledger });
        await client.CallToolAsync("submit", Payment("pay-1002", 89.90m));
        Assert.Single(PaymentsExample.ReadLedger(Ledger));
    }

    [Fact]
    public async Task Fetch_OfAKnownPayment_HasStructuredContent()
    {
        await using var client = await ConnectAsync("--ledger", Ledger);
        var known = await client.CallToolAsync("fetch_payment_details", new Dictionary<string, object?> { ["payment_id"] = "pay-1003" });
        Assert.Equal("Fabrikam Machines", known.StructuredContent!.Value.GetProperty("payee").GetString());
    }

    [Fact]
    public async Task Fetch_OfAnUnknownPayment_IsAToolError()
    {
        await using var client = await ConnectAsync("--ledger", Ledger);
        var unknown = await client.CallToolAsync("fetch_payment_details", new Dictionary<string, object?> { ["payment_id"] = "nope" });
        Assert.True(unknown.IsError);
        Assert.Contains("no payment nope", Assert.IsType<TextContentBlock>(Assert.Single(unknown.Content)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAnUnknownFlag_ExitsWithItsUsage()
    {
        await using var process = new ChildProcess("dotnet", [PaymentsExample.ServerDll, "--leger", Ledger]);
        var finished = await process.EndAsync();
        Assert.Equal((2, ""), (finished.ExitCode, finished.Output));
        Assert.Contains("--ledger FILE", finished.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static Dictionary<string, object?> Payment(string id, decimal amount) =>
        new() { ["payment_id"] = id, ["amount"] = amount, ["currency"] = "EUR" };

    private static Task<McpClient> ConnectAsync(params string[] args) => StartAsync([], args);

    private static Task<McpClient> StartAsync(Dictionary<string, string?> environment, params string[] args) =>
        McpClient.CreateAsync(new StdioClientTransport(new()
        {
            Command = "dotnet",
            Arguments = [PaymentsExample.ServerDll, .. args],
            EnvironmentVariables = environment,
        }));
}
