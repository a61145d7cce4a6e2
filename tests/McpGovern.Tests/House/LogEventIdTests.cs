using System.Reflection;
using McpGovern.Storage;
using Microsoft.Extensions.Logging;

namespace McpGovern.Tests.House;

/// <summary>Operators alert on event ids, so each names one thing for ever and says by its thousand where it comes from.</summary>
public sealed class LogEventIdTests
{
    private static readonly Assembly Product = Assembly.Load("McpGovern");
    private static readonly Type[] Planted = [typeof(PlantedLogMethods), typeof(MorePlantedLogMethods)];

    /// <summary>The thousands that a namespace may use; what is not named here is the server's.</summary>
    private static readonly Dictionary<string, int[]> Thousands = new()
    {
        ["McpGovern.Calls"] = [1, 2, 3],
        ["McpGovern.Policy"] = [2],
        ["McpGovern.Upstreams"] = [4],
        ["McpGovern.Storage"] = [5],
    };

    [Fact]
    public void LogMethods_OfTheProduct_HaveUniqueIds() => Assert.Empty(Shared(Product.GetTypes()));

    [Fact]
    public void LogMethods_OfTheProduct_StayInTheirRange() => Assert.Empty(OutOfRange(Product.GetTypes()));

    [Fact]
    public void Shared_WithOneIdTwice_NamesBoth() =>
        Assert.Equal("4001: First, Second", Assert.Single(Shared(Planted)));

    [Fact]
    public void OutOfRange_WithAnUpstreamIdInStorage_NamesTheMethods() =>
        Assert.Equal(["First 4001", "Second 4001", "WithoutId 0"], OutOfRange(Planted).Order());

    private static IEnumerable<string> Shared(IEnumerable<Type> types) =>
        LogMethods(types).GroupBy(entry => entry.Id).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Select(entry => entry.Method.Name).Order())}");

    private static IEnumerable<string> OutOfRange(IEnumerable<Type> types) =>
        LogMethods(types).Where(entry => !ThousandsOf(entry.Method).Contains(entry.Id / 1000)).Select(entry => $"{entry.Method.Name} {entry.Id}");

    private static int[] ThousandsOf(MethodInfo method)
    {
        var space = method.DeclaringType?.Namespace ?? "";
        return Thousands.FirstOrDefault(entry => space == entry.Key || space.StartsWith(entry.Key + ".", StringComparison.Ordinal)).Value ?? [6];
    }

    private static IEnumerable<(MethodInfo Method, int Id)> LogMethods(IEnumerable<Type> types) =>
        from type in types
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select (method, Math.Max(message.EventId, 0));
}
