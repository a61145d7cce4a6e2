using McpGovern.Wire;

namespace McpGovern.Upstreams;

/// <summary>A JSON-RPC message, opened only as far as its envelope: what it carries stays as it was written.</summary>
internal sealed record Envelope(string? Method, string? Id, ReadOnlyMemory<byte> Params, ReadOnlyMemory<byte> Result, ReadOnlyMemory<byte> Error)
{
    /// <summary>JSON text of the id, whatever it is; an upstream numbers its own requests as it likes.</summary>
    public ReadOnlyMemory<byte> RawId { get; private init; }

    /// <summary>Our ids are strings, so only string ids are read. Null when the text is no JSON object.</summary>
    public static Envelope? Read(ReadOnlyMemory<byte> message)
    {
        if (RawObject.Read(message) is not { } members)
            return null;

        string? method = null, id = null;
        ReadOnlyMemory<byte> rawId = default, parameters = default, result = default, error = default;
        foreach (var member in members)
        {
            switch (member.Name)
            {
                case "method": method = RawObject.AsString(member.Value); break;
                case "id": (id, rawId) = (RawObject.AsString(member.Value), member.Value); break;
                case "params": parameters = member.Value; break;
                case "result": result = member.Value; break;
                case "error": error = member.Value; break;
                default: break;
            }
        }

        return new Envelope(method, id, parameters, result, error) { RawId = rawId };
    }

    public bool IsAnswer => Method is null && Id is not null && (!Result.IsEmpty || !Error.IsEmpty);
}
