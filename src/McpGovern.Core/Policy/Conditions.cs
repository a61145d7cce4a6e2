using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpGovern.Policy;

/// <summary>Makes conditions from the words of a file.</summary>
public static partial class Conditions
{
    public static IReadOnlyList<string> Words { get; } =
        ["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "glob", "regex", "exists", "under", "cidr"];

    private const int MaxRegexLength = 512;
    private const string RegexExpected =
        "a regular expression of at most 512 characters, without look-around, back references, or counts above 99";

    /// <summary>Either a condition, or what is wrong with it and what to write.</summary>
    public static (Condition? Condition, string? Problem, string? Cure) Create(string word, IReadOnlyList<Scalar> operands, bool isList)
    {
        if (operands.Count == 0)
            return Wrong($"'{word}' has nothing to compare with", "list at least one value");
        if (isList && word is not ("in" or "not_in" or "glob" or "under" or "cidr"))
        {
            var cure = word switch { "eq" => "use 'in'", "ne" => "use 'not_in'", _ => "write one value" };
            return Wrong($"'{word}' takes one value, not a list", cure);
        }
        return word switch
        {
            "eq" or "in" => Make(word, operands, value => OneOf(value, operands)),
            "ne" or "not_in" => Make(word, operands, value => OneOf(value, operands).Not()),
            "gt" => Order(word, operands, sign => sign > 0),
            "gte" => Order(word, operands, sign => sign >= 0),
            "lt" => Order(word, operands, sign => sign < 0),
            "lte" => Order(word, operands, sign => sign <= 0),
            "glob" => OverText(word, operands, ParseGlob, (glob, text) => Truths.Of(glob.IsMatch(text)),
                "a pattern of 1 to 256 characters"),
            "regex" => OverText(word, operands, ParseRegex, Matches, RegexExpected),
            "under" => OverText(word, operands, PathPrefix.Parse, (folder, path) => folder.Contains(path), "an absolute path"),
            "cidr" => OverText(word, operands, ParseNetwork, Contains, "a network such as 10.0.0.0/8"),
            "exists" when operands[0].Kind == ScalarKind.Boolean =>
                Make(word, operands, value => Exists(value, operands[0].Text == "true")),
            "exists" => Wrong("'exists' takes true or false", "write true or false"),
            _ => Wrong($"unknown condition '{word}'", $"use {string.Join(", ", Words)}"),
        };
    }

    private static (Condition?, string?, string?) Make(string word, IReadOnlyList<Scalar> operands, Func<JsonElement?, Truth> holds) =>
        (new Condition(word, operands, holds), null, null);

    private static (Condition?, string?, string?) Wrong(string problem, string cure) => (null, problem, cure);

    private static (Condition?, string?, string?) Order(string word, IReadOnlyList<Scalar> operands, Func<int, bool> agrees) =>
        operands[0].Kind == ScalarKind.Number && DecimalText.TryParse(operands[0].Text, out var bound)
            ? Make(word, operands, value => Number(value) is { } number ? Truths.Of(agrees(number.CompareTo(bound))) : Truth.Unknown)
            : Wrong($"'{word}' compares numbers, and '{operands[0].Text}' is none", "write a number");

    private static (Condition?, string?, string?) OverText<T>(
        string word, IReadOnlyList<Scalar> operands, Func<string, T?> parse, Func<T, string, Truth> holds, string expected) where T : class
    {
        var parsed = new List<T>();
        foreach (var operand in operands)
        {
            // A bare number or truth value is text to these: only null means nothing.
            if (operand.Kind == ScalarKind.Null || parse(operand.Text) is not { } one)
                return Wrong($"'{word}' cannot use '{operand.Text}'", $"write {expected}");
            parsed.Add(one);
        }
        return Make(word, operands, value => Text(value) is { } text ? Truths.Any(parsed, one => holds(one, text)) : Truth.Unknown);
    }

    private static Truth Exists(JsonElement? value, bool wanted) => value?.ValueKind switch
    {
        null => Truths.Of(!wanted),
        JsonValueKind.Null => Truth.Unknown,
        _ => Truths.Of(wanted),
    };

    private static Truth OneOf(JsonElement? value, IReadOnlyList<Scalar> operands) => value?.ValueKind switch
    {
        JsonValueKind.String when Text(value) is { } text => Among(operands, ScalarKind.Text, o => o.Text == text),
        JsonValueKind.Number when Number(value) is { } number =>
            Among(operands, ScalarKind.Number, o => DecimalText.TryParse(o.Text, out var other) && number.CompareTo(other) == 0),
        JsonValueKind.True => Among(operands, ScalarKind.Boolean, o => o.Text == "true"),
        JsonValueKind.False => Among(operands, ScalarKind.Boolean, o => o.Text == "false"),
        JsonValueKind.Null => Among(operands, ScalarKind.Null, _ => true),
        _ => Truth.Unknown,
    };

    private static Truth Among(IReadOnlyList<Scalar> operands, ScalarKind kind, Func<Scalar, bool> equal)
    {
        var comparable = operands.Where(o => o.Kind == kind).ToArray();
        return comparable.Length == 0 ? Truth.Unknown : Truths.Of(comparable.Any(equal));
    }

    private static DecimalText? Number(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } element && DecimalText.TryParse(element.GetRawText(), out var number) ? number : null;

    private static string? Text(JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.String } element)
            return null;
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: legal in JSON, but no text that can be compared.
            return null;
        }
    }

    private static Glob? ParseGlob(string pattern) => pattern.Length is 0 or > Glob.MaxLength ? null : new Glob(pattern);

    private static Regex? ParseRegex(string pattern)
    {
        if (pattern.Length is 0 or > MaxRegexLength || LargeCount().IsMatch(pattern))
            return null;
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>`$` also matches before a last line end, which nobody means who anchors a pattern: such a match is unknown.</summary>
    private static Truth Matches(Regex regex, string text)
    {
        var matches = regex.IsMatch(text);
        return text.EndsWith('\n') && matches != regex.IsMatch(text + "\u0001") ? Truth.Unknown : Truths.Of(matches);
    }

    private sealed record Network(IPNetwork Range);

    private static Network? ParseNetwork(string text) =>
        IPNetwork.TryParse(text, out var range) || (IsAddress(text) && IPNetwork.TryParse($"{text}/{(IsV6(text) ? 128 : 32)}", out range))
            ? new(range)
            : null;

    private static Truth Contains(Network network, string text)
    {
        if (!IsAddress(text) || !IPAddress.TryParse(text, out var address))
            return Truth.Unknown;
        return Truths.Of(network.Range.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
            || (address.AddressFamily == AddressFamily.InterNetworkV6 && network.Range.Contains(address)));
    }

    /// <summary>The full written form only: the short, octal and hexadecimal forms mean different addresses to different readers.</summary>
    private static bool IsAddress(string text) =>
        IsV6(text)
            ? !text.AsSpan().ContainsAny('%', '[', ']') && IPAddress.TryParse(text, out _)
            : DottedQuad().IsMatch(text);

    private static bool IsV6(string text) => text.Contains(':', StringComparison.Ordinal);

    [GeneratedRegex(@"\{\d{3,}|\{\d*,\d{3,}", RegexOptions.CultureInvariant)]
    private static partial Regex LargeCount();

    [GeneratedRegex(@"\A(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}\z", RegexOptions.CultureInvariant)]
    private static partial Regex DottedQuad();
}
