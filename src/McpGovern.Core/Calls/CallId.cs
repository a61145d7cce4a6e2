using System.Diagnostics.CodeAnalysis;

namespace McpGovern.Calls;

/// <summary>The spellings of a call's id: <c>call_</c> and <c>exec_</c> with 32 hex digits, <c>exec_</c> with a UUID, and a bare UUID.</summary>
public static class CallId
{
    private const string Call = "call_", Execution = "exec_";

    public static string From(Guid id) => Call + id.ToString("n");

    /// <summary>The id of a direct call's execution, in JamJet's terms.</summary>
    public static string ExecutionOf(string callId) => Execution + callId[Call.Length..];

    /// <summary>Reads any spelling; <paramref name="callId"/> is in the one form that the store knows.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? callId)
    {
        callId = null;
        var digits = text switch
        {
            null => null,
            _ when text.StartsWith(Call, StringComparison.Ordinal) => text[Call.Length..] is { Length: 32 } hex ? hex : null,
            _ when text.StartsWith(Execution, StringComparison.Ordinal) => text[Execution.Length..],
            _ => text,
        };
        if (digits is null || !(Guid.TryParseExact(digits, "n", out var id) || Guid.TryParseExact(digits, "d", out id)))
        {
            return false;
        }

        callId = From(id);
        return true;
    }
}
