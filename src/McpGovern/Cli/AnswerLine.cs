using System.CommandLine;
using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary>How the verbs that change something tell what became of it.</summary>
internal static class AnswerLine
{
    /// <summary>A line for people, a refusal on stderr; with <c>--json</c> the answer itself on stdout, and a refusal on stderr too.</summary>
    /// <param name="word">One of <see cref="AnswerCode.ByWord"/>.</param>
    /// <returns>The exit code.</returns>
    public static int Print<T>(ParseResult parsed, T answer, string word, string message)
    {
        var exit = AnswerCode.ByWord.GetValueOrDefault(word)?.Exit ?? 1;
        var json = parsed.GetValue(SharedOptions.Json);
        if (json)
        {
            Console.Out.WriteLine(CallJson.Write(answer));
        }

        if (exit != 0 || !json)
        {
            (exit == 0 ? Console.Out : Console.Error).WriteLine($"{word}: {Printed.Lines(message)}");
        }

        return exit;
    }
}
