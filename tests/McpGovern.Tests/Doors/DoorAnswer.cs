using System.Text.Json.Nodes;

namespace McpGovern.Tests.Doors;

/// <summary>What a door said, in the words that all doors share.</summary>
/// <param name="Word">The answer's code.</param>
/// <param name="Sign">HTTP status, exit code, or over MCP whether it is an error result.</param>
/// <param name="Members">The JSON that came with it.</param>
/// <param name="Text">What a person reads.</param>
internal sealed record DoorAnswer(string? Word, string Sign, JsonObject Members, string Text)
{
    private static readonly string[] Shared = ["accepted", "call_id", "execution_id", "node_id", "status", "decision", "approvals", "candidates", "superseded_by"];

    /// <summary>The members that must be the same on every door, with the call's own digits taken out and what differs by nature.</summary>
    public string Comparable(string callId)
    {
        var members = new JsonObject();
        foreach (var name in Shared.Where(name => Members[name] is not null))
        {
            members[name] = Members[name]!.DeepClone();
        }

        if (members["decision"] is JsonObject decision)
        {
            decision.Remove("at");
            decision.Remove("via");
        }

        return members.ToJsonString().Replace(callId["call_".Length..], "ID", StringComparison.Ordinal);
    }
}

/// <summary>A decision to be sent.</summary>
internal sealed record Ask(string Decision)
{
    public static readonly Ask Approve = new("approved"), Reject = new("rejected");

    public string By { get; init; } = "alice";
    public string? Comment { get; init; }
    public string? NodeId { get; init; }
    public string? ExpectedHash { get; init; }
}
