namespace McpGovern.Calls;

/// <summary>Where people find a call's page. The address names the call and opens nothing: whoever follows it has to log in.</summary>
/// <param name="root">What people reach this gateway by, ending in a slash; <c>null</c> where no page is served.</param>
internal sealed class ApprovalLinks(Uri? root)
{
    public string? For(string callId) => root is null ? null : new Uri(root, $"approvals/{callId}").ToString();
}
