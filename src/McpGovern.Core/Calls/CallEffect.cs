using System.Globalization;
using System.Text;
using System.Text.Json;
using McpGovern.Policy;

namespace McpGovern.Calls;

/// <summary>What a call does in the world, as the policy's <c>effect</c> names it from argument values.</summary>
/// <param name="Text">For people, and unambiguous: every value stands in quotes.</param>
/// <param name="Key">Equal for equal effects of one scope and tenant, whatever tool names them.</param>
public sealed record CallEffect(string Text, string Key)
{
    // A value this long names nothing; and the text is kept with the call.
    private const int MaxLength = 2048;

    /// <param name="template">A well-formed one.</param>
    /// <param name="argumentsJson">A JSON object.</param>
    /// <returns>The effect, or what is wrong with the arguments.</returns>
    public static (CallEffect? Effect, string? Fault) Of(string template, string scope, string tenant, string argumentsJson)
    {
        using var arguments = JsonDocument.Parse(argumentsJson);
        var text = new StringBuilder();
        foreach (var (literal, path) in EffectTemplate.Parse(template) ?? throw new ArgumentException($"'{template}' is no template", nameof(template)))
        {
            text.Append(CanonicalJson.Quote(literal).AsSpan()[1..^1]);
            if (path is null)
            {
                continue;
            }

            if (ValueOf(path.Find(arguments.RootElement)) is not { } value)
            {
                return (null, $"the argument '{path.Text}' is missing or is neither text, a number nor a truth value");
            }

            text.Append(value);
            if (text.Length > MaxLength)
            {
                return (null, string.Create(CultureInfo.InvariantCulture,
                    $"the argument '{path.Text}' is too long to name an effect, which may have {MaxLength} characters"));
            }
        }

        return (new(text.ToString(), CallHash.EffectKey(scope, tenant, text.ToString())), null);
    }

    // A value counts by its text, a number by its value: 17, 17.0 and "17" are one to many an upstream, and must not be three effects here.
    private static string? ValueOf(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.String } text => CanonicalJson.Of(text.GetRawText()),
        { ValueKind: JsonValueKind.Number } number =>
            DecimalText.TryParse(number.GetRawText(), out var known) ? CanonicalJson.Quote(known.ToString()) : null,
        { ValueKind: JsonValueKind.True } => "\"true\"",
        { ValueKind: JsonValueKind.False } => "\"false\"",
        _ => null,
    };
}
