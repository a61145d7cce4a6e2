using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>A call's <c>_meta</c>, taken apart: what is meant for us, and what travels on.</summary>
/// <param name="Protocol">JSON text of the protocol's own members, where a revision is among them; they are meant for this hop alone.</param>
/// <param name="ProgressToken">JSON text of the caller's token, a string or an integer.</param>
/// <param name="Relayed">JSON text of the members that travel on, each verbatim; <c>null</c> where there are none.</param>
internal sealed record RelayedMeta(string? ProgressToken, string? IdempotencyKey, string? Traceparent, string? Protocol, string? Relayed)
{
    /// <summary>What the agent says for itself about the call.</summary>
    public string? Justification { get; private init; }

    /// <summary>Why this cannot be taken, where a member that is meant for us is not what it has to be.</summary>
    public string? Fault { get; private init; }

    public static readonly RelayedMeta None = new(null, null, null, null, null);

    private const string Ours = "mcpgovern/", Standard = "io.modelcontextprotocol/";

    /// <param name="json">The text of a JSON object that <see cref="MessageReader"/> has accepted.</param>
    public static RelayedMeta Read(string json)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        var meta = None;
        var relayed = new List<string>();
        var protocol = new List<string>();
        var versioned = false;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MessageScan.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var name = TextOf(ref reader);
            reader.Read();
            var valueStart = (int)reader.TokenStartIndex;
            var type = reader.TokenType;
            var text = TextOf(ref reader);
            reader.Skip();
            var value = Encoding.UTF8.GetString(utf8[valueStart..(int)reader.BytesConsumed]);
            switch (name)
            {
                case "progressToken":
                    meta = type is JsonTokenType.String or JsonTokenType.Number ? meta with { ProgressToken = value } : meta;
                    break;
                case Ours + "idempotency-key" when text is null:
                    meta = meta with { Fault = $"params._meta[\"{name}\"] must be a string; two equal calls with one key, or with none, are one call" };
                    break;
                case Ours + "idempotency-key":
                    meta = meta with { IdempotencyKey = text };
                    break;
                case UnverifiedText.Key when UnverifiedText.WhyNot(type == JsonTokenType.String, text) is { } fault:
                    meta = meta with { Fault = $"params._meta[\"{name}\"] {fault}" };
                    break;
                case UnverifiedText.Key:
                    meta = meta with { Justification = text };
                    break;
                case { } when name.StartsWith(Standard, StringComparison.Ordinal):
                    versioned |= name == MetaKeys.ProtocolVersion;
                    protocol.Add(Encoding.UTF8.GetString(utf8[start..(int)reader.BytesConsumed]));
                    break;
                case { } when name.StartsWith(Ours, StringComparison.Ordinal):
                    break;
                default:
                    meta = name == "traceparent" ? meta with { Traceparent = text } : meta;
                    relayed.Add(Encoding.UTF8.GetString(utf8[start..(int)reader.BytesConsumed]));
                    break;
            }
        }

        return meta with { Relayed = ObjectOf(relayed), Protocol = versioned ? ObjectOf(protocol) : null };
    }

    private static string? ObjectOf(List<string> members) => members.Count == 0 ? null : "{" + string.Join(',', members) + "}";

    /// <summary>The name or string at the reader, or <c>null</c> where there is another value, or one that .NET cannot hold.</summary>
    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
