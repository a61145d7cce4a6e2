using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

public sealed class ShippedPolicyTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string> Policies =>
        new(Directory.GetFiles(Path.Combine(Root, "policies"), "*.yaml").Select(f => Path.GetRelativePath(Root, f)).Where(f =>
            !f.EndsWith(".tests.yaml", StringComparison.Ordinal)));

    [Theory, MemberData(nameof(Policies))]
    public void Check_OfAShippedPolicy_PassesItsOwnTestsWithoutWarning(string file)
    {
        var result = PolicyCheck.Check(file, Root);
        Assert.Empty(result.Errors);
        Assert.Empty(result.Warnings);
        Assert.True(result.Tests > 0, $"{file} has no tests beside it");
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "McpGovern.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests run outside their repository");
        return folder;
    }
}
