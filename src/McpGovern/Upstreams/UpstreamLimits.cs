namespace McpGovern.Upstreams;

/// <summary>How much one upstream may take of us.</summary>
internal sealed record UpstreamLimits
{
    /// <summary>One message, in bytes; an upstream that writes a longer one loses its connection.</summary>
    public int MaxMessageBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>From start to a drained tool list; generous, because a first <c>npx</c> downloads.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a command of a <c>${cmd:...}</c> reference may take.</summary>
    public TimeSpan CredentialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the probe for the modern protocol era waits for a silent upstream.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What a child has between each of: stdin closed, SIGTERM, SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a cancelled call still waits for an answer.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a caller may take over a question of its upstream.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an answer is still taken after a call's time was up and its outcome was given up as unknown.</summary>
    public TimeSpan LateAnswer { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long changes of a tool list are gathered before it is read again.</summary>
    public TimeSpan ListDebounce { get; init; } = TimeSpan.FromMilliseconds(250);
}
