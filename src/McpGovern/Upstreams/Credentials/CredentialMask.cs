using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace McpGovern.Upstreams;

/// <summary>Hides an upstream's credentials where it repeats them: its errors and its stderr go to logs, records and callers.</summary>
internal sealed class CredentialMask
{
    /// <summary>Shorter ones are words that stand everywhere.</summary>
    public const int Shortest = 8;

    private const string Hidden = "***";

    // A token that a command makes every hour is another one every hour: what came long ago has ended.
    private const int Kept = 64;

    private ImmutableArray<string> _secrets = [];

    public CredentialMask(params IEnumerable<string> secrets) => Add(secrets);

    public bool IsEmpty => _secrets.IsEmpty;

    public void Add(IEnumerable<string> secrets)
    {
        var added = secrets.SelectMany(Forms).Where(form => form.Length >= Shortest).ToArray();
        ImmutableInterlocked.Update(ref _secrets,
            (known, more) => [.. known.Except(more).TakeLast(Math.Max(Kept, more.Length)), .. more.Distinct()], added);
    }

    public string Of(string text)
    {
        // The longest first: one may be a part of another.
        foreach (var secret in _secrets.Where(secret => text.Contains(secret, StringComparison.Ordinal)).OrderByDescending(secret => secret.Length))
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        return text;
    }

    public string? OfAny(string? text) => text is null ? null : Of(text);

    /// <summary>As it is, as it stands in addresses and in JSON, and every line of it.</summary>
    private static IEnumerable<string> Forms(string secret) =>
        secret.Split('\n', StringSplitOptions.TrimEntries).Append(secret.Trim()).Distinct().SelectMany(text => (string[])
        [
            text, Uri.EscapeDataString(text), JsonEncodedText.Encode(text).Value,
            .. Relaxed(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value),
        ]).Distinct();

    // Some escape the slash, and some do not.
    private static string[] Relaxed(string json) => [json, json.Replace("/", "\\/", StringComparison.Ordinal)];
}
