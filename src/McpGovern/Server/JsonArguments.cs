using System.Text.Json;

namespace McpGovern.Server;

/// <summary>Reads the members of a tool's arguments or a request's body; the first that is malformed is kept, so that a reader reads all and asks once.</summary>
internal sealed class JsonArguments
{
    private readonly JsonElement _arguments;

    private JsonArguments(JsonElement arguments) => _arguments = arguments;

    /// <summary>The argument that cannot be used, and what to send instead.</summary>
    public string? Fault { get; private set; }

    /// <param name="json">The text of a JSON object that <see cref="MessageReader"/> has accepted.</param>
    public static JsonArguments Read(string json) => new(JsonElement.Parse(json));

    /// <summary>Of a body that nobody has looked at; <c>null</c> where it is no JSON object, or has a key twice.</summary>
    public static JsonArguments? TryRead(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var body = JsonElement.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return body.ValueKind == JsonValueKind.Object ? new(body) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>An empty or blank text counts as none: clients fill optional fields with it.</summary>
    public string? Text(string name)
    {
        try
        {
            return Value(name) switch
            {
                null => null,
                { ValueKind: JsonValueKind.String } value => value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) ? text : null,
                _ => Refuse<string>($"{name} must be a string"),
            };
        }
        catch (InvalidOperationException)
        {
            return Refuse<string>($"{name} holds half a surrogate pair; send whole characters");
        }
    }

    public string? Required(string name, string what) => Text(name) ?? (Fault is null ? Refuse<string>($"{name} is missing; send {what}") : null);

    /// <summary>A list of blocks, each with faults of its own; <c>null</c> where it is none, which is a fault here.</summary>
    public IReadOnlyList<JsonArguments>? Blocks(string name, int most)
    {
        if (Value(name) is not { ValueKind: JsonValueKind.Array } list || list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object))
        {
            return Refuse<IReadOnlyList<JsonArguments>>($"{name} must be a list of objects");
        }

        var count = list.GetArrayLength();
        return count > 0 && count <= most ? [.. list.EnumerateArray().Select(item => new JsonArguments(item))]
            : Refuse<IReadOnlyList<JsonArguments>>($"{name} has {count} entries; send 1 to {most}");
    }

    /// <summary>The JSON text of a block of members.</summary>
    public string? Block(string name) => Value(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => value.GetRawText(),
        _ => Refuse<string>($"{name} must be an object"),
    };

    public int? Number(string name, int from, int to) => Value(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var number) && number >= from && number <= to => number,
        _ => Refuse<int?>($"{name} must be a whole number from {from} to {to}"),
    };

    /// <summary>A call's id under either of its names.</summary>
    public string? CallOrExecution()
    {
        var target = Text("call_id") ?? Text("execution_id");
        return target ?? (Fault is null ? Refuse<string>("call_id is missing; send the call_... or exec_... id of the call") : null);
    }

    public T? Refuse<T>(string fault)
    {
        Fault ??= fault;
        return default;
    }

    private JsonElement? Value(string name) =>
        _arguments.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
