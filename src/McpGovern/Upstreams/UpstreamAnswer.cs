namespace McpGovern.Upstreams;

/// <summary>What became of one call at its upstream, as far as anybody can know.</summary>
internal abstract record UpstreamAnswer
{
    private UpstreamAnswer()
    {
    }

    /// <summary>The upstream answered; the bytes are the JSON-RPC result as it wrote them.</summary>
    public sealed record Result(ReadOnlyMemory<byte> Json, bool IsError) : UpstreamAnswer;

    /// <summary>It has questions first: <c>inputRequests</c>, or <c>requestState</c>, or both, as it wrote them.</summary>
    public sealed record InputRequired(ReadOnlyMemory<byte> Json) : UpstreamAnswer;

    /// <summary>It goes on as a task of its own, which is asked about from now on; only where this very request allowed that.</summary>
    /// <param name="PollInterval">How often it wants to be asked, where it says so.</param>
    public sealed record Task(string TaskId, TimeSpan? PollInterval) : UpstreamAnswer;

    /// <summary>Its task ended without an answer, and is known to have ended.</summary>
    /// <param name="Cancelled">It says that the task was cancelled.</param>
    public sealed record Stopped(string Reason, bool Cancelled) : UpstreamAnswer;

    /// <summary>The upstream refused with an error under our id (or an HTTP refusal): the outcome is known.</summary>
    public sealed record Error(int Code, string Message, string? DataJson) : UpstreamAnswer;

    /// <summary>Provably nothing left for the upstream: it may be sent again.</summary>
    public sealed record NotSent(string Reason) : UpstreamAnswer;

    /// <summary>It was sent, or may have been, and nobody knows what became of it.</summary>
    public sealed record Lost(string Reason) : UpstreamAnswer
    {
        /// <summary>After our own time-out: the answer, should it come yet, or <c>null</c> when nobody waits for it any more.</summary>
        public System.Threading.Tasks.Task<UpstreamAnswer?>? Late { get; init; }
    }
}
