using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace McpGovern.Calls;

/// <summary>Makes the <c>CallToolResult</c>s that are ours, and adds to an upstream's without touching the rest.</summary>
internal static class ResultJson
{
    /// <summary>The key under <c>_meta</c> that tells which call an answer is about.</summary>
    public const string MetaKey = "mcpgovern/call";

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions MetaJson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An answer of our own in words; an error, because a call that did not run must never look like success.</summary>
    public static ReadOnlyMemory<byte> Error(string text, CallMeta? meta = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("content");
            WriteText(writer, text);
            writer.WriteEndArray();
            writer.WriteBoolean("isError", true);
            if (meta is not null)
            {
                writer.WriteStartObject("_meta");
                WriteMeta(writer, meta);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>JSON as the text of a tool's result: what was read or made for another method.</summary>
    public static ReadOnlyMemory<byte> Text(ReadOnlyMemory<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>(json.Length + 1024);
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("content");
            WriteText(writer, Encoding.UTF8.GetString(json.Span));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The upstream's result with our meta, and with a first text block where <paramref name="leadingText"/> is given.</summary>
    public static ReadOnlyMemory<byte> With(ReadOnlyMemory<byte> result, CallMeta meta, string? leadingText)
    {
        using var document = JsonDocument.Parse(result, new JsonDocumentOptions { MaxDepth = 1024 });
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            return result;
        }

        var buffer = new ArrayBufferWriter<byte>(result.Length + 1024);
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            if (leadingText is not null)
            {
                writer.WriteStartArray("content");
                WriteText(writer, leadingText);
                CopyItems(document.RootElement, "content", writer);
                writer.WriteEndArray();
            }

            foreach (var member in document.RootElement.EnumerateObject().Where(m => m.Name != "_meta" && (leadingText is null || m.Name != "content")))
            {
                writer.WritePropertyName(member.Name);
                writer.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
            }

            writer.WriteStartObject("_meta");
            if (document.RootElement.TryGetProperty("_meta", out var theirs) && theirs.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in theirs.EnumerateObject().Where(m => m.Name != MetaKey))
                {
                    writer.WritePropertyName(member.Name);
                    writer.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
                }
            }

            WriteMeta(writer, meta);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>A JSON-RPC error as it is kept.</summary>
    public static ReadOnlyMemory<byte> OfError(int code, string message, string? dataJson)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            writer.WriteNumber("code", code);
            writer.WriteString("message", message);
            if (dataJson is not null)
            {
                writer.WritePropertyName("data");
                writer.WriteRawValue(dataJson, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    public static CallAnswer.Error ReadError(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var error = document.RootElement;
        return new(error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString()!,
            error.TryGetProperty("data", out var data) ? data.GetRawText() : null);
    }

    private static void CopyItems(JsonElement result, string name, Utf8JsonWriter writer)
    {
        if (result.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in items.EnumerateArray())
            {
                writer.WriteRawValue(item.GetRawText(), skipInputValidation: true);
            }
        }
    }

    private static void WriteText(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", text);
        writer.WriteEndObject();
    }

    private static void WriteMeta(Utf8JsonWriter writer, CallMeta meta)
    {
        writer.WritePropertyName(MetaKey);
        writer.WriteRawValue(Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(meta, MetaJson)));
    }
}
