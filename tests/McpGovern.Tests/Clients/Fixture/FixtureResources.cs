using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using static McpGovern.Tests.Clients.Fixture.FixtureContent;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>The resources, and the template that makes any number of them.</summary>
internal static class FixtureResources
{
    private const string TemplateStart = "test://template/", TemplateEnd = "/data";

    public static IList<Resource> Definitions { get; } =
    [
        Define("test://static-text", "text/plain"),
        Define("test://static-binary", "image/png"),
        Define("test://watched-resource", "text/plain"),
    ];

    public static IList<ResourceTemplate> Templates { get; } =
    [
        new() { UriTemplate = $"{TemplateStart}{{id}}{TemplateEnd}", Name = "template", Description = "by id", MimeType = "application/json" },
    ];

    public static ValueTask<ReadResourceResult> ReadAsync(RequestContext<ReadResourceRequestParams> request, CancellationToken ct) =>
        new(At(request.Params!.Uri));

    private static ReadResourceResult At(string uri) => uri switch
    {
        "test://static-text" => One(uri, "text/plain", "This is the content of the static text resource."),
        "test://static-binary" => Read<ReadResourceResult>($$"""{"contents":[{"uri":"{{uri}}","mimeType":"image/png","blob":"{{Png}}"}]}"""),
        "test://watched-resource" => One(uri, "text/plain", "Watched resource content."),
        _ when uri.StartsWith(TemplateStart, StringComparison.Ordinal) && uri.EndsWith(TemplateEnd, StringComparison.Ordinal) =>
            Made(uri, uri[TemplateStart.Length..^TemplateEnd.Length]),
        _ => throw NotFound(uri),
    };

    private static ReadResourceResult Made(string uri, string id) => One(
        uri, "application/json", new JsonObject { ["id"] = id, ["templateTest"] = true, ["data"] = $"Data for ID: {id}" }.ToJsonString());

    private static ReadResourceResult One(string uri, string type, string text) =>
        Read<ReadResourceResult>($$"""{"contents":[{"uri":{{Quote(uri)}},"mimeType":"{{type}}","text":{{Quote(text)}}}]}""");

    private static McpProtocolException NotFound(string uri)
    {
        var refusal = new McpProtocolException("Resource not found", McpErrorCode.InvalidParams);
        refusal.Data["uri"] = uri;
        return refusal;
    }

    private static Resource Define(string uri, string type) =>
        new() { Uri = uri, Name = uri["test://".Length..], Description = uri, MimeType = type };
}
