using System.Text.Json.Nodes;

namespace McpGovern.Calls;

/// <summary>A tool's definition as agents see it.</summary>
internal static class ToolJson
{
    /// <summary>
    /// The upstream's definition under the advertised name, without what only its own server could honour: <c>x-mcp-header</c>, and
    /// <c>execution</c>, its offer of tasks of its own.
    /// </summary>
    public static string Advertise(string json, string name)
    {
        var tool = JsonNode.Parse(json)!.AsObject();
        tool["name"] = name;
        tool.Remove("execution");
        Strip(tool["inputSchema"]);
        return tool.ToJsonString();
    }

    private static void Strip(JsonNode? schema)
    {
        if (schema is JsonObject node)
        {
            node.Remove("x-mcp-header");
            foreach (var (_, child) in node)
            {
                Strip(child);
            }
        }
        else if (schema is JsonArray items)
        {
            foreach (var item in items)
            {
                Strip(item);
            }
        }
    }
}
