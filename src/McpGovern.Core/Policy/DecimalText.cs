namespace McpGovern.Policy;

/// <summary>A JSON number compared as it is written, exactly, however many digits it has.</summary>
internal readonly record struct DecimalText : IComparable<DecimalText>
{
    private const int MaxExponentDigits = 9;
    private readonly int sign;
    private readonly long magnitude;
    private readonly string digits;

    private DecimalText(int sign, long magnitude, string digits) => (this.sign, this.magnitude, this.digits) = (sign, magnitude, digits);

    /// <summary>Reads a JSON number; false when it is none, or when its exponent is beyond what can be meant.</summary>
    public static bool TryParse(string text, out DecimalText value)
    {
        value = default;
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (negative)
            rest = rest[1..];
        long exponent = 0;
        if (rest.IndexOfAny('e', 'E') is >= 0 and var e)
        {
            if (!TryExponent(rest[(e + 1)..], out exponent))
                return false;
            rest = rest[..e];
        }
        var point = rest.IndexOf('.');
        var whole = point < 0 ? rest : rest[..point];
        var fraction = point < 0 ? [] : rest[(point + 1)..];
        if (!AreDigits(whole) || (whole.Length > 1 && whole[0] == '0') || (point >= 0 && !AreDigits(fraction)))
            return false;

        // The value is 0.<digits> times ten to the magnitude, with no zero at either end of the digits.
        var all = string.Concat(whole, fraction);
        var significant = all.AsSpan().TrimStart('0');
        var leading = all.Length - significant.Length;
        significant = significant.TrimEnd('0');
        value = significant.IsEmpty
            ? new(0, 0, "")
            : new(negative ? -1 : 1, whole.Length - leading + exponent, significant.ToString());
        return true;
    }

    public int CompareTo(DecimalText other)
    {
        if (sign != other.sign || sign == 0)
            return sign.CompareTo(other.sign);
        var size = magnitude.CompareTo(other.magnitude);
        return sign * (size != 0 ? size : string.CompareOrdinal(digits, other.digits));
    }

    /// <summary>One spelling for each value: plain digits as far as they are readable.</summary>
    public override string ToString()
    {
        const int mostDigits = 64;
        if (sign == 0)
            return "0";
        var minus = sign < 0 ? "-" : "";
        var count = digits.Length;
        if (magnitude >= count && magnitude <= mostDigits)
            return minus + digits.PadRight((int)magnitude, '0');
        if (magnitude > 0 && magnitude < count)
            return $"{minus}{digits[..(int)magnitude]}.{digits[(int)magnitude..]}";
        return magnitude is <= 0 and > -mostDigits
            ? $"{minus}0.{new string('0', (int)-magnitude)}{digits}"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{minus}0.{digits}e{magnitude}");
    }

    private static bool TryExponent(ReadOnlySpan<char> text, out long exponent)
    {
        exponent = 0;
        var negative = text.StartsWith("-");
        var digits = negative || text.StartsWith("+") ? text[1..] : text;
        if (!AreDigits(digits))
            return false;
        digits = digits.TrimStart('0');
        if (digits.Length > MaxExponentDigits)
            return false;
        foreach (var digit in digits)
            exponent = (exponent * 10) + (digit - '0');
        exponent = negative ? -exponent : exponent;
        return true;
    }

    private static bool AreDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');
}
