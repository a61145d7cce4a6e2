using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Tests.House;

/// <summary>The direction of dependencies, read from the compiled assemblies.</summary>
public sealed class DependencyTests
{
    private static readonly Lazy<IReadOnlyList<TypeUse>>
        Core = new(() => TypeUses.Of(typeof(Call).Assembly.Location)),
        Product = new(() => TypeUses.Of(typeof(Gateway).Assembly.Location)),
        Planted = new(() => [.. TypeUses.Of(typeof(DependencyTests).Assembly.Location).Where(use => use.User.StartsWith("McpGovern.Policy.Planted", StringComparison.Ordinal))]);

    [Fact]
    public void Core_Always_ReferencesTheFrameworkOnly() =>
        Assert.All(TypeUses.ReferencedAssemblies(typeof(Call).Assembly.Location), name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

    [Fact]
    public void Core_Always_IsPure() => Assert.Empty(DependencyRule.CoreIsPure.BrokenBy(Core.Value));

    [Fact]
    public void Databases_OutsideStorage_AreNotNamed() => Assert.Empty(DependencyRule.DatabasesInStorage.BrokenBy(Product.Value));

    [Fact]
    public void McpSdk_OutsideServerUpstreamsAndWire_IsNotNamed() => Assert.Empty(DependencyRule.McpAtTheWire.BrokenBy(Product.Value));

    [Fact]
    public void Doors_InFeatureFolders_AreNotNamed() => Assert.Empty(DependencyRule.FeaturesKnowNoDoor.BrokenBy(Product.Value));

    [Fact]
    public void Pages_OfTheConsole_NameNoOtherDoor() => Assert.Empty(DependencyRule.PagesKnowNoOtherDoor.BrokenBy(Product.Value));

    [Theory]
    [InlineData("McpGovern.ConsolePages.Pages.CardPage", "McpGovern.Server.Gateway", 1)]
    [InlineData("McpGovern.ConsolePages.Pages.CardPage", "McpGovern.Calls.DecisionHandler", 0)]
    [InlineData("McpGovern.Server.HttpServe", "McpGovern.ConsolePages.ApprovalConsole", 0)]
    public void Pages_ThatNameTheirServer_BreakTheRule(string user, string used, int broken) =>
        Assert.Equal(broken, DependencyRule.PagesKnowNoOtherDoor.BrokenBy([new(user, "McpGovern", used)]).Count());

    [Fact]
    public void Product_Always_IsReadAtAll() =>
        Assert.Contains(Product.Value, use => use.User.StartsWith("McpGovern.Server.", StringComparison.Ordinal) && use.Assembly == "McpGovern");

    public static TheoryData<string, string, string> Faults => new()
    {
        { nameof(DependencyRule.CoreIsPure), "PlantedLambda", "System.IO.File" },
        { nameof(DependencyRule.DatabasesInStorage), "PlantedBase", "Npgsql.NpgsqlException" },
        { nameof(DependencyRule.DatabasesInStorage), "PlantedCatch", "Npgsql.PostgresException" },
        { nameof(DependencyRule.DatabasesInStorage), "PlantedField", "Npgsql.NpgsqlConnection" },
        { nameof(DependencyRule.McpAtTheWire), "PlantedTypeArgument", "ModelContextProtocol.Protocol.Tool" },
        { nameof(DependencyRule.FeaturesKnowNoDoor), "PlantedUses", "McpGovern.Server.Gateway" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void BrokenBy_WithAPlantedFault_FindsIt(string rule, string user, string used)
    {
        var broken = ((DependencyRule)typeof(DependencyRule).GetField(rule)!.GetValue(null)!).BrokenBy(Planted.Value);
        Assert.Contains(broken, line => line.StartsWith($"McpGovern.Policy.{user} names {used} ", StringComparison.Ordinal));
    }
}
