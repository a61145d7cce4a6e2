using System.Text.Json;
using System.Text.RegularExpressions;
using McpGovern.Cli;
using McpGovern.Tests.House;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Packaging;

/// <summary>The container image, as far as that can be tried without an engine: its file is read, and what it builds is built and run.</summary>
[Collection(nameof(Yard))]
public sealed partial class ImageFileTests(Yard yard)
{
    [Fact]
    public void Copies_Always_NameWhatTheBuildContextHas()
    {
        var allowed = File.ReadAllLines(Repository.File(".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..]).ToArray();
        var copies = ImageFile.Copies(ImageFile.Steps).ToArray();

        Assert.True(copies.Length > 5);
        Assert.All(copies, copy =>
        {
            Assert.True(Path.Exists(Repository.File(copy.Source)), $"there is no {copy.Source}");
            Assert.Contains(copy.Source.Split('/')[0], allowed);
        });
    }

    [Fact]
    public void FinalStage_Always_RunsAsANumberThatIsNotRoot()
    {
        var user = Assert.Single(ImageFile.FinalStage, step => step.Instruction == "USER").Arguments;
        Assert.Matches("^[1-9][0-9]*:[1-9][0-9]*$", user);
        var data = Assert.Single(ImageFile.FinalStage, step => step.Instruction == "VOLUME").Arguments;
        Assert.Contains(ImageFile.FinalStage, step => step.Instruction == "RUN" && step.Arguments.Contains($"-o {user.Split(':')[0]} -g {user.Split(':')[1]} -m 0700 {data}", StringComparison.Ordinal));
        Assert.Equal("USER", ImageFile.FinalStage.Last(step => step.Instruction is "USER" or "RUN").Instruction);
    }

    [Fact]
    public void Secrets_Always_AreNotInTheFile() => Assert.Empty(SecretsIn(ImageFile.Steps));

    [Fact]
    public void SecretsIn_AFileThatHasOne_FindsIt() =>
        Assert.Single(SecretsIn(ImageFile.Parse("FROM x\n# ENV COMMENTED_KEY=1\nENV A=1 \\\n    API_TOKEN=abc\n")));

    [Fact]
    public void Listen_InTheImage_IsLeftAtLoopback() =>
        Assert.DoesNotContain(ImageFile.FinalStage, step => step.Arguments.Contains("MCPGOVERN_LISTEN", StringComparison.Ordinal) || step.Arguments.Contains("0.0.0.0", StringComparison.Ordinal));

    [Theory]
    [InlineData("ENTRYPOINT CMD")]
    [InlineData("HEALTHCHECK")]
    public void Commands_OfTheImage_AreVerbsThatExist(string instructions)
    {
        var words = instructions.Split(' ').SelectMany(name => Words(ImageFile.FinalStage.Single(step => step.Instruction == name))).ToArray();
        Assert.Equal(["dotnet", "/app/McpGovern.dll"], words[..2]);
        Assert.Empty(CommandLine.Root().Parse(words[2..]).Errors);
    }

    [Fact, Trait("Speed", "slow")]
    public async Task Build_AsTheFileSays_MakesAProgramThatServesAndIsFoundHealthy()
    {
        var dll = Path.Combine(await yard.ImageAsync(), "McpGovern.dll");
        using var folder = new TempFolder();
        var address = $"http://127.0.0.1:{GovernProcess.FreePort()}";
        var environment = new Dictionary<string, string?> { ["MCPGOVERN_LISTEN"] = address, ["MCPGOVERN_STORE"] = $"sqlite:{folder.File("data.db")}", ["MCPGOVERN_POLICY"] = "{ default: deny }" };

        await using var before = new ChildProcess("dotnet", [dll, "health"], environment, folder.Path);
        Assert.Equal(1, (await before.EndAsync()).ExitCode);
        await using var serving = new ServingProcess(new ChildProcess("dotnet", [dll, "serve"], environment, folder.Path), new Uri(address));
        await serving.WaitUntilReadyAsync();
        await using var after = new ChildProcess("dotnet", [dll, "health"], environment, folder.Path);
        var end = await after.EndAsync();
        Assert.True(end.ExitCode == 0, end.ToString());
    }

    private static string[] Words(ImageStep step) => JsonSerializer.Deserialize<string[]>(step.Arguments[step.Arguments.IndexOf('[', StringComparison.Ordinal)..])!;

    private static IEnumerable<ImageStep> SecretsIn(IEnumerable<ImageStep> steps) =>
        steps.Where(step => step.Instruction is "ENV" or "ARG" or "LABEL" && SecretName().IsMatch(step.Arguments));

    [GeneratedRegex(@"\w*(KEY|TOKEN|PASSWORD|SECRET)\w*\s*=", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
