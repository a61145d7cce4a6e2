using System.Security.Cryptography;
using System.Text.Json;

namespace McpGovern.Upstreams;

/// <summary>One entry of the settings' <c>mcpServers</c> block, checked and resolved: where an upstream is and how it is started.</summary>
/// <param name="Name">The name as the settings write it.</param>
/// <param name="GovernedName">The name that policy uses: characters outside <c>[A-Za-z0-9_-]</c> read as <c>_</c>.</param>
/// <param name="Transport"><c>stdio</c>, <c>http</c> (Streamable HTTP, falling back to SSE) or <c>sse</c>.</param>
/// <param name="Cwd">Absolute; null means this process's own working directory.</param>
internal sealed record UpstreamConfig(
    string Name,
    string GovernedName,
    string Transport,
    string? Command,
    IReadOnlyList<string> Args,
    IReadOnlyDictionary<string, string> Env,
    string? Cwd,
    Uri? Url,
    IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>All of our own environment goes along, except what is ours. No part of the fingerprint: every terminal has other variables.</summary>
    public bool InheritsEnvironment { get; init; }

    /// <summary>What <see cref="Env"/>, <see cref="Headers"/> and the address only refer to. <see cref="Url"/> has the references as they are written.</summary>
    public IReadOnlyList<CredentialText> Credentials { get; init; } = [];

    /// <summary>What may not be repeated of what the upstream says; one for all of its connections.</summary>
    public CredentialMask Mask { get; init; } = new();

    /// <summary><c>network: public</c>: no connection to loopback, private and other special addresses.</summary>
    public bool PublicOnly { get; init; }

    /// <summary>
    /// SHA-256 (hex) of what the upstream is; values of variables and headers are secrets and rotate, so only their names count, and of what
    /// an address refers to the reference.
    /// </summary>
    public string Fingerprint
    {
        get
        {
            var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer))
                Write(json);
            return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
        }
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        json.WriteStringValue(Name);
        json.WriteStringValue(Transport);
        json.WriteStringValue(Command);
        Strings(json, Args);
        json.WriteStringValue(Transport == "stdio" ? Path.GetFullPath(Cwd ?? Environment.CurrentDirectory) : Url?.AbsoluteUri);
        Strings(json, Env.Keys.Concat(Named(CredentialPlace.Env)).Order(StringComparer.Ordinal));
        Strings(json, Headers.Keys.Concat(Named(CredentialPlace.Headers)).Select(name => name.ToUpperInvariant()).Order(StringComparer.Ordinal));
        json.WriteEndArray();
    }

    private IEnumerable<string> Named(CredentialPlace place) => Credentials.Where(text => text.Place == place).Select(text => text.Name);

    private static void Strings(Utf8JsonWriter json, IEnumerable<string> values)
    {
        json.WriteStartArray();
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
