using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpGovern.Tests.House;

/// <summary>What is built from elsewhere is named exactly, with the hash of it, and what is known against it is said.</summary>
public sealed partial class SupplyChainTests
{
    [Fact]
    [Trait("attack", "S37")]
    public void Projects_TakeNothingThatTheirLockFileDoesNotName()
    {
        var projects = Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).ToArray();
        Assert.True(projects.Length >= 5);
        Assert.Contains("<RestorePackagesWithLockFile>true<", File.ReadAllText(Repository.File("Directory.Build.props")), StringComparison.Ordinal);
        foreach (var folder in projects.Select(project => Path.GetDirectoryName(project)!).Where(folder => !folder.Contains("/examples/", StringComparison.Ordinal)))
        {
            using var locked = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "packages.lock.json")));
            foreach (var package in locked.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject()))
            {
                Assert.True(package.Value.GetProperty("type").GetString() == "Project" || package.Value.GetProperty("contentHash").GetString() is { Length: > 80 }, $"{folder}: {package.Name}");
            }
        }

        Assert.All(Versions().Matches(File.ReadAllText(Repository.File("Directory.Packages.props"))), version => Assert.Matches(@"^\d+(\.\d+)+$", version.Groups["version"].Value));
    }

    [Theory]
    [InlineData("SQLitePCLRaw.bundle_e_sqlite3")]
    [InlineData("Microsoft.IdentityModel.JsonWebTokens")]
    [Trait("attack", "S37")]
    public void Package_WithKnownAdvisories_IsNamedWithItsVersion(string package)
    {
        var version = Versions().Matches(File.ReadAllText(Repository.File("Directory.Packages.props"))).Single(match => match.Groups["name"].Value == package).Groups["version"].Value;

        Assert.Contains($"`{package}` {version}", File.ReadAllText(Repository.File("SECURITY.md")).ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [GeneratedRegex("PackageVersion Include=\"(?<name>[^\"]+)\" Version=\"(?<version>[^\"]+)\"")]
    private static partial Regex Versions();
}
