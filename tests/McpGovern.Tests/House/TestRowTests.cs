using System.Reflection;

namespace McpGovern.Tests.House;

/// <summary>The protocol's test matrix: every row of it has a test, which is found by <c>--filter row=H7</c>.</summary>
public sealed class TestRowTests
{
    public static TheoryData<string, int> Groups => new()
    {
        { "H", 16 },
        { "S", 6 },
        { "U", 10 },
        { "I", 8 },
        { "T", 11 },
    };

    [Theory, MemberData(nameof(Groups))]
    public void Rows_OfAGroup_AllHaveATest(string group, int count)
    {
        var covered = Rows().ToHashSet();

        Assert.Empty(Enumerable.Range(1, count).Select(n => $"{group}{n}").Except(covered));
    }

    private static IEnumerable<string> Rows() =>
        from type in typeof(TestRowTests).Assembly.GetTypes()
        from method in type.GetMethods()
        where method.GetCustomAttributes<FactAttribute>().Any()
        from trait in method.CustomAttributes
        where trait.AttributeType == typeof(TraitAttribute) && (string?)trait.ConstructorArguments[0].Value == "row"
        select (string)trait.ConstructorArguments[1].Value!;
}
