using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using McpGovern.Wire;
using ModelContextProtocol.Protocol;

namespace McpGovern.Upstreams;

/// <summary>The params of a governed call, with the caller's text inside as it was written.</summary>
internal static class CallParameters
{
    /// <param name="input">What a further round brings along.</param>
    /// <param name="name">The upstream's own name of a tool or prompt; of a resource its address.</param>
    public static JsonObject Build(string method, string name, string argumentsJson, string? metaJson, CallInput input)
    {
        // As a string, since the SDK's HTTP transport says it in a header once more.
        var parameters = method == RequestMethods.ResourcesRead
            ? new JsonObject { ["uri"] = name }
            : new JsonObject { ["name"] = name, ["arguments"] = SdkJson.Node(argumentsJson) };
        if (input.Responses is { } responses)
            parameters["inputResponses"] = SdkJson.Node(responses);
        if (input.State is { } state)
            parameters["requestState"] = SdkJson.Node(state);
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
            if (!SentMeta.IsOfOneHop(member.Name))
                meta[member.Name] = SdkJson.Node(member.Value);
        }

        return meta;
    }
}

/// <summary>What the caller answers to the questions of an earlier round.</summary>
/// <param name="Responses">JSON text.</param>
/// <param name="State">JSON text of the string that the upstream gave along with its questions.</param>
internal readonly record struct CallInput(string? Responses, string? State);
