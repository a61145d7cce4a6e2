using System.Xml.Linq;
using McpGovern.Tests.House;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Packaging;

[CollectionDefinition(nameof(Yard))]
public sealed class YardUsers : ICollectionFixture<Yard>;

/// <summary>
/// A copy of what the repository ships, built as a release is: each thing once per test run, and nothing in the repository's own folders.
/// It needs the packages that building the tests has needed, and for the single file the runtime of this platform.
/// </summary>
public sealed class Yard : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);
    private static readonly string[] NotShipped = ["bin", "obj"];

    private readonly TempFolder folder = new();
    private readonly Lazy<Task<string>> image, package, singleFile;

    public Yard()
    {
        image = new(BuildImageAsync);
        package = new(PackAsync);
        singleFile = new(PublishSingleFileAsync);
    }

    /// <summary>The one place that has it.</summary>
    public static string Version { get; } =
        XDocument.Load(Repository.File("Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>The folder that the image has as <c>/app</c>.</summary>
    public Task<string> ImageAsync() => image.Value;

    /// <summary>The folder with the package.</summary>
    public Task<string> FeedAsync() => package.Value;

    /// <summary>The one file, alone in its folder.</summary>
    public Task<string> SingleFileAsync() => singleFile.Value;

    public void Dispose() => folder.Dispose();

    // What the Dockerfile runs, on what it copies and on nothing else.
    private async Task<string> BuildImageAsync()
    {
        foreach (var (source, target) in ImageFile.Copies(ImageFile.BuildStage))
        {
            Copy(source, Repository.File(source), target.EndsWith('/') ? folder.File(Path.Combine("src", target, Directory.Exists(Repository.File(source)) ? "" : Path.GetFileName(source))) : "");
        }

        foreach (var step in ImageFile.BuildStage.Where(step => step.Instruction == "RUN"))
        {
            await DotnetAsync(step.Arguments.Replace(" /app ", $" {folder.File("app")} ", StringComparison.Ordinal)["dotnet ".Length..].Split(' '));
        }

        return folder.File("app");
    }

    private async Task<string> PackAsync()
    {
        await ImageAsync();
        foreach (var source in (string[])["README.md", "LICENSE", "examples/payments"])
        {
            Copy(source, Repository.File(source), folder.File(Path.Combine("src", source)));
        }

        await DotnetAsync("pack", "src/McpGovern", "-c", "Release", "-o", folder.File("feed"));
        return folder.File("feed");
    }

    private async Task<string> PublishSingleFileAsync()
    {
        await ImageAsync();
        await DotnetAsync("publish", "src/McpGovern", "-c", "Release", "-r", "linux-x64", "--self-contained", "-p:PublishSingleFile=true", "-o", folder.File("published"));
        Directory.CreateDirectory(folder.File("single"));
        File.Copy(folder.File("published/McpGovern"), folder.File("single/McpGovern"));
        return folder.File("single/McpGovern");
    }

    private async Task DotnetAsync(params string[] args)
    {
        await using var process = new ChildProcess("dotnet", [.. args, "-m:1", "--nologo"], new Dictionary<string, string?>
        {
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        }, folder.File("src"));
        var end = await process.EndAsync(limit: Patience);
        Assert.True(end.ExitCode == 0, $"dotnet {string.Join(' ', args)}: {end}");
    }

    private static void Copy(string name, string source, string target)
    {
        Assert.True(File.Exists(source) || Directory.Exists(source), $"there is no {name}");
        if (File.Exists(source))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target, overwrite: true);
            return;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(source).Where(entry => !NotShipped.Contains(Path.GetFileName(entry))))
        {
            Copy(entry, entry, Path.Combine(target, Path.GetFileName(entry)));
        }
    }
}
