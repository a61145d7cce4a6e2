using System.Text.Json;
using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary><c>policy explain</c>: what one file says of one call, and by which rule.</summary>
internal static class PolicyExplain
{
    /// <param name="path">The file.</param>
    /// <param name="shownAs">The file as it was named.</param>
    /// <param name="tool">The governed name; what follows its first dot is tried as the bare name.</param>
    /// <param name="arguments">A JSON object, or null for none.</param>
    /// <param name="json">Print JSON.</param>
    public static VerbOutput Run(string path, string shownAs, string tool, string? arguments, bool json)
    {
        var reading = PolicyFileReader.Read(path, shownAs);
        if (reading.File is null)
            return VerbOutput.Wrong(reading.Errors);
        if (arguments is not null && !IsObject(arguments))
            return VerbOutput.Wrong([new("--args", 0, "this is not a JSON object", "write one such as '{\"amount\": 5}'")]);

        var policy = PolicySet.Create([reading.File]);
        var decision = policy.Evaluate(PolicyCall.Named(tool, arguments ?? "{}"));
        if (json)
            return new(VerbOutput.Json(new { Decision = decision.Verdict.Word(), decision.Rule, decision.Source }), "", 0);
        var among = policy.Evaluate(PolicyCall.Named(tool, arguments ?? "{}", onlyUpstream: false));
        return new(
            Line(decision) + (among.Verdict == decision.Verdict ? "" : $"with more than one upstream: {Line(among)}"), "", 0);
    }

    private static string Line(Decision decision) => $"{decision.Verdict.Word()} ({decision.Source}: {decision.Reason ?? decision.Rule})\n";

    private static bool IsObject(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
