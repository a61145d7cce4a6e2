using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>The tools of a <see cref="FakeUpstream"/>; every one writes a ledger line before it does what its name says.</summary>
internal static class FakeTools
{
    private static readonly string[] Names =
    [
        "echo", "odd", "modern_only", "is_error", "refuse", "refuse_no_text", "input_required", "not_a_result",
        "slow", "hang", "lasting", "crash", "twice", "wrong_id", "big", "progress", "change_tools", "env", "grandchild", "ask", "deaf", "pid", "until",
    ];

    /// <summary>A result with everything that a reader of known types would lose: the bytes that must arrive.</summary>
    public const string OddResult =
        """{ "content":[{"type":"hologram","data":{"z":1,"a":1.0}},{"type":"text","text":"\ud800 \u0000 \u00e9 \/"}],"structuredContent":{"n":9007199254740993,"e":1e2},"vendor":{"deep":[[[]]]},"_meta":{"vendor/x":1} }""";

    public static string List(FakeUpstream upstream, JsonElement parameters)
    {
        var all = Names.Concat(upstream.Options.Extra).Concat(Enumerable.Range(1, upstream.ExtraTools).Select(n => $"extra_{n}")).ToArray();
        var (page, next) = PageOf(upstream, all, parameters);
        var defined = File.Exists(upstream.Options.Define) ? File.ReadAllLines(upstream.Options.Define) : [];
        return $$"""{"tools":[{{string.Join(",", page.Select(name => Definition(name, upstream.Options.Describe)).Concat(defined))}}]{{next}}}""";
    }

    /// <summary>The page that the cursor names, and the member with the next one's where there is one.</summary>
    public static (IEnumerable<string> Page, string Next) PageOf(FakeUpstream upstream, string[] all, JsonElement parameters)
    {
        var start = parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty("cursor", out var cursor)
            ? int.Parse(cursor.GetString()!, null)
            : 0;
        var end = start + (long)upstream.Options.PageSize;
        return (all.Skip(start).Take(upstream.Options.PageSize), end < all.Length ? $",\"nextCursor\":\"{end}\"" : "");
    }

    /// <summary>Exactly as it goes over the wire, with members that no library knows.</summary>
    public static string Definition(string name)
    {
        var text = JsonEncodedText.Encode(name, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        return $$"""{"name":"{{text}}", "description":"d\u00e9 {{text}}","inputSchema":{"type":"object"},"x-vendor":1.0}""";
    }

    private static string Definition(string name, string? describedIn) => File.Exists(describedIn)
        ? Definition(name).Replace($"d\\u00e9 {name}", File.ReadAllText(describedIn), StringComparison.Ordinal)
        : Definition(name);

    public static async Task CallAsync(FakeUpstream upstream, string id, JsonElement call)
    {
        var tool = call.GetProperty("name").GetString()!;
        var arguments = call.GetProperty("arguments");
        upstream.Effect(tool, arguments.GetRawText());
        switch (tool)
        {
            case "echo": upstream.Answer(id, Text(Escape(call.GetRawText()))); break;
            case "odd": upstream.Answer(id, OddResult); break;
            case "modern_only":
                upstream.Answer(id, """{"resultType":"complete", "content":[],"ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"x"},"k":1.0}}""");
                break;
            case "is_error": upstream.Answer(id, """{"content":[],"isError":true}"""); break;
            case "refuse": upstream.Refuse(id, """{"code":-32050,"message":"no such payment","data":{"n":1.0}}"""); break;
            case "refuse_no_text": upstream.Refuse(id, """{"code":1}"""); break;
            case "input_required": upstream.Answer(id, """{"resultType":"input_required","inputRequests":{},"requestState":"s"}"""); break;
            case "not_a_result": upstream.Answer(id, "[1]"); break;
            case "slow":
                await Task.Delay(arguments.GetProperty("ms").GetInt32());
                upstream.Answer(id, Text("\"slept\""));
                break;
            case "hang": break;
            case "lasting":
                // On the reader's own thread, so that the end of stdin is seen only when it is done.
                Thread.Sleep(30_000);
                upstream.Effect(tool, "finished");
                upstream.Answer(id, Text("\"lasted\""));
                break;
            case "crash":
                await Console.Error.WriteLineAsync("segmentation fault, sort of");
                Environment.Exit(3);
                break;
            case "leak":
                upstream.Refuse(id, $$"""{"code":-32001,"message":"not with {{Environment.GetEnvironmentVariable("TOKEN")}}"}""");
                break;
            case "leak_and_die":
                await Console.Error.WriteLineAsync($"cannot sign in with {Environment.GetEnvironmentVariable("TOKEN")}");
                Environment.Exit(3);
                break;
            case "twice":
                upstream.Answer(id, Text("\"first\""));
                upstream.Answer(id, Text("\"second\""));
                break;
            case "wrong_id":
                upstream.Answer("\"00000000000000000000000000000000\"", Text("\"forged\""));
                upstream.Answer("7", Text("\"forged\""));
                upstream.Answer(id, Text("\"mine\""));
                break;
            case "big": upstream.Answer(id, Text($"\"{new string('x', arguments.GetProperty("bytes").GetInt32())}\"")); break;
            case "progress": Progress(upstream, id, call, arguments.GetProperty("count").GetInt32()); break;
            case "change_tools":
                upstream.ExtraTools++;
                // A burst, however slow the machine is: in one piece.
                upstream.Write(string.Join('\n', Enumerable.Repeat("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{}}""", 5)));
                upstream.Answer(id, Text("\"changed\""));
                break;
            case "notify":
                upstream.ExtraOffers++;
                upstream.Notify(arguments.GetProperty("method").GetString()!, arguments.TryGetProperty("params", out var told) ? told.GetRawText() : "{}");
                upstream.Answer(id, Text("\"told\""));
                break;
            case "env": upstream.Answer(id, Text(Escape(string.Join("\n", Variables())))); break;
            case "grandchild":
                using (var child = Process.Start(new ProcessStartInfo("sleep", "600") { UseShellExecute = false })!)
                    upstream.Answer(id, Text($"\"{child.Id}\""));
                break;
            case "ask":
                upstream.Answer(id, Text(Escape(await upstream.AskAsync("\"q1\"", "sampling/createMessage", """{"messages":[],"maxTokens":1}"""))));
                break;
            case "elicit": upstream.Answer(id, Text(Escape(await upstream.AskAsync($"{upstream.Asked++}", "elicitation/create", FakeQuestions.Question)))); break;
            case "ask_and_go":
                _ = upstream.AskAsync("77", "elicitation/create", FakeQuestions.Question);
                await FileAsync(arguments);
                upstream.Answer(id, Text("\"gone\""));
                break;
            case "form": upstream.Answer(id, FakeQuestions.Form(call)); break;
            case "logs":
                foreach (var message in FakeQuestions.Logs(call))
                    upstream.Write(message);
                upstream.Answer(id, Text("\"said\""));
                break;
            case "end_listening":
                upstream.EndListening();
                upstream.Answer(id, Text("\"ended\""));
                break;
            case "deaf":
                upstream.StopReading();
                upstream.Answer(id, Text("\"deaf\""));
                break;
            case "until":
                await FileAsync(arguments);
                upstream.Answer(id, Text("\"at last\""));
                break;
            case "pid": upstream.Answer(id, Text($"\"{Environment.ProcessId}\"")); break;
            default: upstream.Answer(id, Text("\"ok\"")); break;
        }
    }

    private static async Task FileAsync(JsonElement arguments)
    {
        while (!File.Exists(arguments.GetProperty("file").GetString()))
            await Task.Delay(20);
    }

    private static void Progress(FakeUpstream upstream, string id, JsonElement call, int count)
    {
        var token = call.GetProperty("_meta").GetProperty("progressToken").GetRawText();
        for (var i = 1; i <= count; i++)
            upstream.Notify("notifications/progress", $$"""{"progressToken":{{token}},"progress":{{i}},"total":{{count}}.0,"message":"step \ud800"}""");
        upstream.Answer(id, Text("\"done\""));
    }

    private static IEnumerable<string> Variables() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(v => $"{v.Key}={v.Value}");

    private static string Text(string jsonString) => $$"""{"content":[{"type":"text","text":{{jsonString}}}]}""";

    // By hand: the text may hold escapes of lone surrogates, which the serializer would refuse once decoded; here they stay escapes.
    private static string Escape(string text) => new StringBuilder("\"")
        .Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal))
        .Append('"').ToString();
}
