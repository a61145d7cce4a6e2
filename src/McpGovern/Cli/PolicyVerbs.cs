using System.CommandLine;
using McpGovern.Policy;

namespace McpGovern.Cli;

/// <summary>The verbs that read policy files; they touch no store.</summary>
internal static class PolicyVerbs
{
    private static readonly Argument<string[]> Files = new("FILE") { Description = "Policy files", Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string> PolicyFile = new("FILE") { Description = "A policy file" };
    private static readonly Option<string> Tool = new("--tool") { Description = "The governed name: server.tool, resource:server.uri or prompt:server.name", HelpName = "NAME", Required = true };
    private static readonly Option<string?> Args = new("--args") { Description = "The call's arguments as a JSON object", HelpName = "JSON" };

    public static Command Build()
    {
        var check = new Command("check", "Check policy files and run the tests beside and in them") { Files, SharedOptions.Json };
        check.SetAction(parsed => Print(PolicyCheck.Run(parsed.GetValue(Files)!, Directory.GetCurrentDirectory(), parsed.GetValue(SharedOptions.Json))));

        var explain = new Command("explain", "Tell what a policy file says of one call, and by which rule") { PolicyFile, Tool, Args, SharedOptions.Json };
        explain.SetAction(parsed =>
        {
            var file = parsed.GetValue(PolicyFile)!;
            return Print(PolicyExplain.Run(Path.GetFullPath(file), file, parsed.GetValue(Tool)!, parsed.GetValue(Args), parsed.GetValue(SharedOptions.Json)));
        });
        return new Command("policy", "Check and explain policy files") { check, explain };
    }

    public static int Print(VerbOutput output)
    {
        Console.Out.Write(output.Out);
        Console.Error.Write(output.Error);
        return output.ExitCode;
    }
}
