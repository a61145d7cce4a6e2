namespace McpGovern.Calls;

/// <summary>What goes back to the asking client.</summary>
internal abstract record CallAnswer
{
    /// <param name="Json">A <c>CallToolResult</c> as UTF-8 JSON, to be passed on byte for byte.</param>
    internal sealed record Result(ReadOnlyMemory<byte> Json) : CallAnswer;

    /// <summary>A JSON-RPC error.</summary>
    internal sealed record Error(int Code, string Message, string? DataJson) : CallAnswer;

    /// <summary>The upstream has questions first; the caller's answers come back as a <see cref="Continuation"/> of this call.</summary>
    /// <param name="Json">The upstream's result: <c>inputRequests</c>, or <c>requestState</c>, or both.</param>
    internal sealed record InputRequired(LoadedCall Call, ReadOnlyMemory<byte> Json) : CallAnswer;

    /// <summary>
    /// The call goes on without its caller, who asked for <see cref="ToolCallRequest.AnswerParkedAtOnce"/> or <see cref="ToolCallRequest.Alone"/>.
    /// </summary>
    internal sealed record Parked(LoadedCall Call) : CallAnswer;
}
