using McpGovern.Policy;

namespace McpGovern.Calls;

/// <summary>The methods that are governed as calls.</summary>
internal static class CallMethod
{
    public const string Tool = "tools/call", Resource = "resources/read", Prompt = "prompts/get";

    public static string Of(CallSubmitted call) => call.Method ?? Tool;

    /// <summary>A recorded tool's name in words.</summary>
    public static string Describe(string tool) => PolicyName.KindOf(tool) is { Length: > 0 } kind
        ? $"{kind.TrimEnd(':')} '{tool[kind.Length..]}'"
        : $"tool '{tool}'";
}
