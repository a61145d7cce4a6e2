using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>The smallest picture and sound, and JSON as the fixture writes it.</summary>
internal static class FixtureContent
{
    public const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
    public const string Wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

    /// <summary>What is said in the protocol's own words is read by the SDK, so that the fixture cannot say what no server could.</summary>
    public static T Read<T>(string json) => JsonSerializer.Deserialize(json, TypeInfo<T>())!;

    public static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(T));

    public static string Quote(string? text) => JsonSerializer.Serialize(text);
}
