namespace McpGovern.Calls;

/// <summary>What an actor may do at all; what it may decide is a rule's matter.</summary>
[Flags]
public enum Roles
{
    None = 0,
    Caller = 1,
    Approver = 2,
    Operator = 4,
    Auditor = 8,
    All = Caller | Approver | Operator | Auditor,
}

/// <summary>A person or agent, as authentication named it; never built from a tool argument.</summary>
/// <param name="Id">An id that starts with <c>agent:</c> is an agent, any other a person.</param>
/// <param name="Credential">What it came in with, such as <c>key:alice</c>, <c>stdio:agent:coder</c> or <c>os:alice</c>; never the secret.</param>
/// <param name="AuthMethod"><c>key</c>, <c>stdio</c>, <c>os</c>, <c>login</c> or <c>jwt</c>.</param>
public sealed record Actor(string Id, string Credential, string AuthMethod)
{
    public Roles Roles { get; init; } = Roles.Caller;

    /// <summary>Names without <c>group:</c>.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The transport session it speaks through, if there is one.</summary>
    public string? Session { get; init; }

    /// <summary>Whether a person was shown to sit there: a login, or the command line at a terminal. A model can hold a key.</summary>
    public bool PresenceProven { get; init; }

    /// <summary>Its key or token says what it is good for, and approving is not among that: whatever a rule says of its owner, by this nothing is decided.</summary>
    public bool DecidesNothing { get; init; }

    public bool IsAgent => Id.StartsWith("agent:", StringComparison.Ordinal);

    /// <summary>The same actor and credential may come with another key, and by that with other rights.</summary>
    public bool HasRightsOf(Actor other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Roles == other.Roles && DecidesNothing == other.DecidesNothing && Groups.SequenceEqual(other.Groups);
    }
}
