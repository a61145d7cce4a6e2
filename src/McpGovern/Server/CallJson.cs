using System.Text.Encodings.Web;
using System.Text.Json;
using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>Calls and lists as the doors write them.</summary>
internal static class CallJson
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);
}

/// <summary>The words that a list can be filtered by.</summary>
internal static class CallStatusWords
{
    private static readonly string[] All =
    [
        "allowed", "denied", "pending", "approved", "rejected", "expired", "cancelled", "invalidated", "dispatching", "succeeded", "failed",
        "outcome_unknown", "resolved",
    ];

    public static string Listed => string.Join(", ", All);

    public static bool IsKnown(string status) => All.Contains(status);
}
