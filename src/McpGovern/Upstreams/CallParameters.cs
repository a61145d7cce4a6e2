using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>The params of a <c>tools/call</c>, with the caller's text inside as it was written.</summary>
internal static class CallParameters
{
    public static JsonObject Build(string tool, string argumentsJson, string? metaJson)
    {
        var parameters = new JsonObject { ["name"] = tool, ["arguments"] = SdkJson.Node(argumentsJson) };
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
