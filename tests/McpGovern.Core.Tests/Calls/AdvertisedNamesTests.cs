using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

public sealed class AdvertisedNamesTests
{
    [Fact]
    public void Assign_WithOneServer_KeepsItsNames() =>
        Assert.Equal(["get.it", "list"], Names(true, ("a", "get.it"), ("a", "list")));

    [Fact]
    public void Assign_WithTwoServers_PutsTheServerInFront() => Assert.Equal(["a__list", "b__list"], Names(false, ("a", "list"), ("b", "list")));

    [Fact]
    [Trait("attack", "S15")]
    public void Assign_WhereTwoPairsWouldShareAName_GivesEachItsOwn()
    {
        var names = Names(false, ("a__b", "c"), ("a", "b__c"), ("A__B", "c"));

        Assert.Equal(3, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9_-]{1,64}$", name));
    }

    [Fact]
    public void Assign_ForNamesThatClientsRefuse_CutsAndCleansThem()
    {
        var names = Names(false, ("server", new string('x', 100)), ("server", new string('x', 101)), ("server", "bad name!"), ("server", "bad name?"));

        Assert.Equal(4, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9_-]{1,64}$", name));
    }

    [Fact]
    public void Assign_InAnotherOrder_GivesTheSameNames()
    {
        (string, string)[] tools = [("a__b", "c"), ("a", "b__c"), ("x", "y")];

        Assert.Equal(AdvertisedNames.Assign(tools, false), AdvertisedNames.Assign([.. tools.Reverse()], false));
    }

    private static string[] Names(bool onlyServer, params (string, string)[] tools) =>
        [.. AdvertisedNames.Assign(tools, onlyServer).Keys.Order(StringComparer.Ordinal)];
}
