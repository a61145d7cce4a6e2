using System.Text.Json;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>What a <see cref="FakeUpstream"/> has beside tools, where <c>--offers NAME</c> is given: the name is in all of it.</summary>
internal static class FakeOffers
{
    public const string Capabilities =
        """{"tools":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"prompts":{"listChanged":true},"completions":{}}""";

    public static void Take(FakeUpstream upstream, string id, string method, JsonElement parameters)
    {
        var name = upstream.Options.Offers!;
        switch (method)
        {
            case "resources/list":
                string[] uris = [$"test://{name}/two", $"test://{name}/one", "test://shared", .. Enumerable.Range(1, upstream.ExtraOffers).Select(n => $"test://{name}/new_{n}")];
                upstream.Answer(id, Page(upstream, "resources", [.. uris.Select(uri => Resource(uri, name))], parameters));
                break;
            case "resources/templates/list":
                upstream.Answer(id, Page(upstream, "resourceTemplates", [$$"""{"uriTemplate":"test://{{name}}/{id}/data", "name":"{{name}}" }"""], parameters));
                break;
            case "prompts/list":
                upstream.Answer(id, Page(upstream, "prompts", [Prompt("greet", upstream.Options.Describe), Prompt($"{name}_only", null)], parameters));
                break;
            case "resources/read" when parameters.GetProperty("uri").GetString()!.EndsWith("missing", StringComparison.Ordinal):
                upstream.Refuse(id, """{"code":-32002,"message":"Resource not found","data":{"n":1.0}}""");
                break;
            case "resources/read":
                upstream.Effect("read", parameters.GetProperty("uri").GetRawText());
                upstream.Answer(id, $$"""{ "contents":[{"uri":{{parameters.GetProperty("uri").GetRawText()}},"text":"\ud800 of {{name}}","x":1.0}],"vendor":1E2}""");
                break;
            case "prompts/get":
                upstream.Effect("prompt", $"{parameters.GetProperty("name").GetRawText()} {parameters.GetProperty("arguments").GetRawText()}");
                upstream.Answer(id, $$"""{ "messages":[{"role":"user","content":{"type":"text","text":"of {{name}}"} }],"x":1.0}""");
                break;
            case "completion/complete":
                upstream.Answer(id, $$"""{"completion":{"values":[{{parameters.GetProperty("argument").GetProperty("value").GetRawText()}},"{{name}}"],"x":1.0},"ref":{{parameters.GetProperty("ref").GetRawText()}} }""");
                break;
            case "resources/subscribe" or "resources/unsubscribe":
                upstream.Effect(method, parameters.GetProperty("uri").GetString()!);
                upstream.Answer(id, "{}");
                break;
            default:
                upstream.Refuse(id, $$"""{"code":-32601,"message":"no method {{method}}"}""");
                break;
        }
    }

    /// <summary>Exactly as it goes over the wire.</summary>
    public static string Resource(string uri, string name) => $$"""{"uri":"{{uri}}", "name":"{{name}}","x-vendor":1.0}""";

    public static string Prompt(string name, string? describedIn) =>
        $$"""{"name":"{{name}}", "description":"{{(File.Exists(describedIn) ? File.ReadAllText(describedIn) : "d\\u00e9")}}","arguments":[{"name":"who","required":true}],"x-vendor":1.0}""";

    private static string Page(FakeUpstream upstream, string member, string[] all, JsonElement parameters)
    {
        var (entries, next) = FakeTools.PageOf(upstream, all, parameters);
        return $$"""{"{{member}}":[{{string.Join(",", entries)}}]{{next}}}""";
    }
}
