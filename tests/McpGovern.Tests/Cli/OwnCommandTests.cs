using McpGovern.Cli;

namespace McpGovern.Tests.Cli;

public sealed class OwnCommandTests
{
    [Theory]
    [InlineData("/usr/bin/dotnet", "/home/me/.nuget/packages/mcpgovern/1.2.3/tools/net10.0/any/", "dnx McpGovern@1.2.3 --yes -- stdio")]
    [InlineData("/usr/bin/dotnet", "/src/McpGovern/bin/Debug/net10.0/", null)]
    [InlineData("/home/me/.dotnet/tools/mcpgovern", "/home/me/.dotnet/tools/.store/mcpgovern/1.2.3/mcpgovern/1.2.3/tools/net10.0/any/", null)]
    public void LineToKeep_OfAProgramInAPackageCache_IsDnx(string host, string folder, string? expected)
    {
        var line = OwnCommand.LineToKeep(host, folder, "1.2.3", ["stdio"]);
        Assert.Equal(expected, line is var (program, args) ? string.Join(' ', [program, .. args]) : null);
    }
}
