using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>The params of a governed call, with the caller's text inside as it was written.</summary>
internal static class CallParameters
{
    /// <param name="name">The upstream's own name of a tool or prompt; of a resource its address.</param>
    public static JsonObject Build(string method, string name, string argumentsJson, string? metaJson)
    {
        // As a string, since the SDK's HTTP transport says it in a header once more.
        var parameters = method == RequestMethods.ResourcesRead
            ? new JsonObject { ["uri"] = name }
            : new JsonObject { ["name"] = name, ["arguments"] = SdkJson.Node(argumentsJson) };
        if (metaJson is not null && RawObject.Read(Encoding.UTF8.GetBytes(metaJson)) is { } members)
            parameters["_meta"] = Relayed(members);
        return parameters;
    }

    // What binds a request to one hop, its token and its era, is minted for each hop anew.
    private static JsonObject Relayed(List<RawMember> members)
    {
        var meta = new JsonObject();
        foreach (var member in members)
        {
            if (member.Name != "progressToken" && !member.Name.StartsWith("io.modelcontextprotocol/", StringComparison.Ordinal))
                meta[member.Name] = SdkJson.Node(member.Value);
        }

        return meta;
    }
}
