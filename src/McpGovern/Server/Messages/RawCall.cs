using McpGovern.Wire;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>
/// The parts of a request and its answer that the SDK must not see, since its typed parameters would rewrite them. They travel
/// beside the message, in its context.
/// </summary>
/// <param name="Arguments">JSON text, verbatim.</param>
/// <param name="Meta">JSON text of <c>_meta</c>, verbatim, or <c>null</c>.</param>
/// <param name="InputResponses">JSON text of the answers to what a former answer asked for, verbatim, or <c>null</c>.</param>
/// <param name="RequestState">What that former answer gave the client to carry: the client may have made it up.</param>
internal sealed record RawCall(string Arguments, string? Meta, string? InputResponses = null, string? RequestState = null)
{
    private const string CallItem = "mcpgovern.call", AnswerItem = "mcpgovern.answer", ResultItem = "mcpgovern.result";

    public void AttachTo(JsonRpcRequest request) => ItemsOf(request)[CallItem] = this;

    /// <summary>Of a request that did not come through <see cref="MessageReader"/> there is nothing, and it is not served.</summary>
    public static RawCall? Of(JsonRpcRequest request) => ItemsOf(request).TryGetValue(CallItem, out var call) ? call as RawCall : null;

    /// <summary>Has <see cref="RawAnswers"/> send this instead of what the SDK's handler returns.</summary>
    public static void Answer(JsonRpcRequest request, RawJson result) => ItemsOf(request)[AnswerItem] = result;

    public static void Answer(JsonRpcRequest request, JsonRpcErrorDetail error) => ItemsOf(request)[AnswerItem] = error;

    /// <summary>Keeps what a client answered to a request of ours, as it wrote it.</summary>
    public static void KeepResult(JsonRpcResponse response, ReadOnlyMemory<byte> result) => ItemsOf(response)[ResultItem] = result;

    public static ReadOnlyMemory<byte>? ResultOf(JsonRpcResponse response) =>
        ItemsOf(response).TryGetValue(ResultItem, out var result) ? result as ReadOnlyMemory<byte>? : null;

    internal static object? AnswerOf(JsonRpcMessage message) =>
        message.Context?.Items is { } items && items.TryGetValue(AnswerItem, out var answer) ? answer : null;

    internal static IDictionary<string, object?> ItemsOf(JsonRpcMessage message)
    {
        message.Context ??= new();
        return message.Context.Items ??= new Dictionary<string, object?>();
    }
}
