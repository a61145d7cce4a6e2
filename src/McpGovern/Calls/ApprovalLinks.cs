namespace McpGovern.Calls;

/// <summary>Where a person finds a call's approval page, if this gateway knows an address for it.</summary>
internal sealed class ApprovalLinks(Uri? root)
{
    public string? For(string callId) => root is null ? null : new Uri(root, $"approvals/{callId}").ToString();
}
