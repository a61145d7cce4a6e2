using System.Text.Json.Nodes;
using McpGovern.Tests.House;

namespace McpGovern.Tests.Examples;

/// <summary>The example as the repository has it, and its ledger as the tests read it.</summary>
internal static class PaymentsExample
{
    public static string Folder { get; } = Repository.File("examples", "payments");

    public static string ServerDll { get; } = Path.Combine(Folder, "server", "bin", "payments-server.dll");

    /// <summary>The entry of an <c>mcpServers</c> block that writes to this ledger.</summary>
    public static object Upstream(string ledger, int delayMilliseconds = 0) =>
        new { command = "dotnet", args = new[] { ServerDll, "--ledger", ledger, "--delay", $"{delayMilliseconds}" } };

    /// <summary>Every line, parsed: a torn one throws.</summary>
    public static IReadOnlyList<JsonNode> ReadLedger(string ledger) =>
        File.Exists(ledger) ? [.. File.ReadAllLines(ledger).Select(line => JsonNode.Parse(line)!)] : [];
}
