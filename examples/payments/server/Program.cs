using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using PaymentsServer;

// payments-server [--ledger FILE] [--delay MILLISECONDS]: an MCP server on stdin and stdout.
if (args.Length % 2 != 0 || args.Where((_, i) => i % 2 == 0).Any(name => name is not ("--ledger" or "--delay")))
{
    Console.Error.WriteLine("usage: payments-server [--ledger FILE] [--delay MILLISECONDS]");
    return 2;
}

var flags = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
var ledger = new Ledger(flags.GetValueOrDefault("--ledger") ?? Environment.GetEnvironmentVariable("PAYMENTS_LEDGER") ?? "ledger.jsonl");
var delay = TimeSpan.FromMilliseconds(int.Parse(flags.GetValueOrDefault("--delay", "0"), System.Globalization.CultureInfo.InvariantCulture));

await using var transport = new StdioServerTransport("payments");
await using var server = McpServer.Create(transport, new McpServerOptions
{
    ServerInfo = new Implementation { Name = "payments", Version = "1.0.0" },
    ToolCollection = [.. PaymentTools.Create(ledger, delay)],
});
await server.RunAsync();
return 0;
