using McpGovern.Policy;

namespace McpGovern.Upstreams;

/// <summary>One of the lists that an upstream has.</summary>
/// <param name="Capability">What an upstream declares that has it; its changes are told under the same word.</param>
/// <param name="Member">Where a page has its entries.</param>
/// <param name="Key">What names an entry.</param>
/// <param name="Prefix">What stands before that name where policy and record speak of it.</param>
internal sealed record ListKind(string Capability, string Method, string Member, string Key, string Prefix)
{
    public static readonly ListKind
        Tools = new("tools", "tools/list", "tools", "name", ""),
        Resources = new("resources", "resources/list", "resources", "uri", PolicyName.Resource),
        Templates = new("resources", "resources/templates/list", "resourceTemplates", "uriTemplate", PolicyName.Resource),
        Prompts = new("prompts", "prompts/list", "prompts", "name", PolicyName.Prompt);
}
