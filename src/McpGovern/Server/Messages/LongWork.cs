using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>
/// When a request was taken up and may take its time: from then on its caller may see headers before there is an answer. What is refused
/// without waiting for anything never comes to this, however busy the machine is, and so has its status.
/// </summary>
internal static class LongWork
{
    private const string Item = "mcpgovern.work";

    /// <summary>Completes when it begins.</summary>
    public static Task Of(JsonRpcRequest request)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RawCall.ItemsOf(request)[Item] = begun;
        return begun.Task;
    }

    public static void Begin(JsonRpcRequest request)
    {
        if (RawCall.ItemsOf(request).TryGetValue(Item, out var begun))
        {
            (begun as TaskCompletionSource)?.TrySetResult();
        }
    }
}
