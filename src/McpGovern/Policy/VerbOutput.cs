using System.Text.Json;
using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>What a policy verb prints, and its exit code: 0, or 2 for files or arguments that cannot be used.</summary>
internal sealed record VerbOutput(string Out, string Error, int ExitCode)
{
    public static VerbOutput Wrong(IEnumerable<Diagnostic> errors) => new("", Lines(errors), 2);

    public static string Lines(IEnumerable<Diagnostic> diagnostics) => string.Concat(diagnostics.Select(d => $"{d}\n"));

    internal static string Json(object value) => JsonSerializer.Serialize(value, Format) + "\n";

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
