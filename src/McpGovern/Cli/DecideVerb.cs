using System.CommandLine;
using McpGovern.Calls;
using McpGovern.Server;

namespace McpGovern.Cli;

/// <summary><c>decide FILE</c>: several decisions, each with the hash that was shown, and each with its own answer.</summary>
internal static class DecideVerb
{
    private static readonly Argument<string> Source = new("FILE")
    {
        Description = "JSON such as {\"decisions\": [{\"call_id\": \"call_...\", \"decision\": \"approved\", \"expected_hash\": \"sha256:...\"}]}, or - for the standard input",
    };

    public static Command Build() => CallVerbs.Verb("decide", "Decide up to 100 calls, each by itself, from a file", DecideAsync, [Source]);

    private static async Task<int> DecideAsync(ICallDoor door, ParseResult parsed, CancellationToken ct)
    {
        var batch = await door.DecideAllAsync(await ReadAsync(parsed.GetValue(Source)!, ct), ct);
        if (parsed.GetValue(SharedOptions.Json))
        {
            Console.Out.WriteLine(CallJson.Write(batch));
        }
        else
        {
            foreach (var answer in batch.Decisions)
            {
                Console.Out.WriteLine(Printed.Line($"{answer.Answer}: {answer.Detail}"));
            }
        }

        // All or the first that was not accepted: each has its own line.
        return batch.Decisions.Select(answer => AnswerCode.ByWord.GetValueOrDefault(answer.Answer)?.Exit ?? 1).FirstOrDefault(exit => exit != 0);
    }

    private static async Task<byte[]> ReadAsync(string source, CancellationToken ct)
    {
        try
        {
            using var from = source == "-" ? Console.OpenStandardInput() : File.OpenRead(source);
            using var all = new MemoryStream();
            await from.CopyToAsync(all, ct);
            return all.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DoorException($"{source} cannot be read: {e.Message}", AnswerCode.BadRequest.Exit);
        }
    }
}
