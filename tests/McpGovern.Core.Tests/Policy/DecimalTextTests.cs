using System.Globalization;
using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

public sealed class DecimalTextTests
{
    [Theory]
    [InlineData("500", "500.00", 0)]
    [InlineData("5e2", "500", 0)]
    [InlineData("5E+2", "499.999999999999999999999999999999999999", 1)]
    [InlineData("-0", "0.0e5", 0)]
    [InlineData("0.1", "0.10000000000000000000000000000000000001", -1)]
    [InlineData("-3", "-2", -1)]
    [InlineData("-3", "2", -1)]
    [InlineData("1e400", "9e399", 1)]
    [InlineData("1e-400", "0", 1)]
    [InlineData("79228162514264337593543950336", "79228162514264337593543950335", 1)]
    [InlineData("12", "112", -1)]
    [InlineData("0.05", "0.5", -1)]
    public void CompareTo_WithNumbersAsWritten_IsExact(string left, string right, int expected)
    {
        Assert.Equal(expected, Math.Sign(Read(left).CompareTo(Read(right))));
        Assert.Equal(-expected, Math.Sign(Read(right).CompareTo(Read(left))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData("01")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e")]
    [InlineData("1e99999999999")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData("NaN")]
    [InlineData("١")]
    public void TryParse_WithSomethingElse_Refuses(string text) => Assert.False(DecimalText.TryParse(text, out _));

    [Fact]
    public void CompareTo_WithRandomDecimals_AgreesWithDecimal()
    {
        var random = new Random(7);
        for (var i = 0; i < 5_000; i++)
        {
            decimal left = Number(random), right = random.Next(4) == 0 ? left : Number(random);
            var expected = Math.Sign(left.CompareTo(right));
            Assert.Equal(expected, Math.Sign(Read(Text(left)).CompareTo(Read(Text(right)))));
        }
    }

    private static decimal Number(Random random) =>
        new(random.Next(1000), random.Next(3) == 0 ? random.Next() : 0, 0, random.Next(2) == 0, (byte)random.Next(12));

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);

    private static DecimalText Read(string text) => DecimalText.TryParse(text, out var value) ? value : throw new FormatException(text);
}
