namespace McpGovern.Policy;

public enum ScalarKind { Text, Number, Boolean, Null }

/// <summary>A value that a policy file compares with; numbers and truth values keep their spelling in JSON.</summary>
public sealed record Scalar(ScalarKind Kind, string Text)
{
    /// <summary>A plain word of a file: a number, true, false or null as JSON spells them; anything else is text.</summary>
    public static Scalar FromPlain(string text) => text switch
    {
        "true" or "false" => new(ScalarKind.Boolean, text),
        "null" or "~" or "" => new(ScalarKind.Null, "null"),
        _ when DecimalText.TryParse(text, out _) => new(ScalarKind.Number, text),
        _ => new(ScalarKind.Text, text),
    };

    internal string CanonicalText => Canonical.Of(Kind.ToString(), Text);
}
