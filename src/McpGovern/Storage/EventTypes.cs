using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using McpGovern.Calls;

namespace McpGovern.Storage;

/// <summary>The stored names of events, by Marten's rule, and their JSON.</summary>
internal static class EventTypes
{
    private static readonly Dictionary<string, Type> ByAlias = typeof(CallEvent).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(CallEvent)))
        .ToDictionary(AliasOf);

    // A member that is not there is not its default: without its quorum a gate would open for one, without its requester a call could not be ended.
    private static readonly JsonSerializerOptions Json = new()
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { ForgiveUnwritten } },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new StorableText.Converter() },
    };

    /// <summary><c>ToolApprovalRequired</c> is stored as <c>tool_approval_required</c>.</summary>
    public static string AliasOf(Type type) =>
        string.Concat(type.Name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    public static string DotNetTypeOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    /// <exception cref="ArgumentException">A member cannot be stored; the message names it.</exception>
    public static string Write(CallEvent @event) => StorableText.Serialize(@event, Json);

    /// <exception cref="InvalidDataException">The event's type is unknown or its data is unreadable: such a history opens no gate.</exception>
    public static CallEvent Read(string alias, string json)
    {
        if (!ByAlias.TryGetValue(alias, out var type))
        {
            throw new InvalidDataException($"unknown event type '{alias}'");
        }

        try
        {
            var read = (CallEvent?)JsonSerializer.Deserialize(json, type, Json) ?? throw new InvalidDataException($"event '{alias}' is null");
            // Every view of the call has these in it as they are: text that is no JSON must not be found out there.
            if (read is CallSubmitted submitted)
            {
                CheckIsJson(submitted.Arguments);
                CheckIsJson(submitted.InputResponses);
                _ = SentMeta.Of(submitted.Meta);
            }

            return read;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new InvalidDataException($"event '{alias}' is unreadable: {e.Message}", e);
        }
    }

    private static void CheckIsJson(string? text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text ?? "null"), new JsonReaderOptions { MaxDepth = int.MaxValue });
        while (reader.Read())
        {
        }
    }

    // What is not written where it is null may be missing.
    private static void ForgiveUnwritten(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.Where(p => p.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: true) == true))
        {
            property.IsRequired = false;
        }
    }
}
