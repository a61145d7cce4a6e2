using System.Text.Json;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>What both fake upstreams ask their callers.</summary>
internal static class FakeQuestions
{
    /// <summary>Spelt as no serializer would: it has to arrive like that.</summary>
    public const string Question = """{"message":"who \u00e9\/?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}},"x":1.0}""";

    /// <summary>Asked where the arguments have a member <c>url</c>.</summary>
    public const string UrlQuestion = """{"mode":"url","message":"go there","url":"https://page.example/1"}""";

    /// <summary>
    /// The tool <c>form</c> of the stateless revision: asks <c>rounds</c> times (once, if not said), then ends with the last answers as
    /// they came. Where nobody can be asked it says so, unless it is <c>rude</c>. With <c>two</c> it asks for <c>why</c> beside <c>who</c>, and
    /// with <c>silent</c> for nothing: it only wants to be asked again.
    /// </summary>
    public static string Form(JsonElement call)
    {
        var arguments = call.GetProperty("arguments");
        var rounds = arguments.TryGetProperty("rounds", out var wanted) ? wanted.GetInt32() : 1;
        var round = call.TryGetProperty("requestState", out var state) ? int.Parse(state.GetString()!.Split('-')[1], null) : 0;
        var mayAsk = call.GetProperty("_meta").GetProperty("io.modelcontextprotocol/clientCapabilities").TryGetProperty("elicitation", out _);
        if (!mayAsk && !arguments.TryGetProperty("rude", out _))
            return """{"resultType":"complete","content":[{"type":"text","text":"nobody to ask"}]}""";
        var question = arguments.TryGetProperty("url", out _) ? UrlQuestion : Question;
        var second = arguments.TryGetProperty("two", out _) ? $$$""","why":{"method":"elicitation/create","params":{{{question}}}}""" : "";
        var requests = arguments.TryGetProperty("silent", out _) ? ""
            : $$$""" "inputRequests":{"who":{"method":"elicitation/create","params":{{{question}}}}{{{second}}}},""".TrimStart();
        return round < rounds
            ? $$"""{"resultType":"input_required",{{requests}}"requestState":"state-{{round + 1}}-\u00e9","x-vendor":1.0}"""
            : $$"""{"resultType":"complete","content":[{"type":"text","text":"done"}],"answers":{{(call.TryGetProperty("inputResponses", out var given) ? given.GetRawText() : "null")}}}""";
    }

    /// <summary>The tool <c>logs</c>: <c>count</c> messages, debug and warning in turn, each followed by as much progress where there is a token.</summary>
    public static IEnumerable<string> Logs(JsonElement call)
    {
        var meta = call.TryGetProperty("_meta", out var given) ? given : default;
        var token = meta.ValueKind == JsonValueKind.Object && meta.TryGetProperty("progressToken", out var named) ? named.GetRawText() : null;
        for (var i = 1; i <= call.GetProperty("arguments").GetProperty("count").GetInt32(); i++)
        {
            yield return $$$"""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"{{{(i % 2 == 0 ? "warning" : "debug")}}}","data":{{{i}}},"x":1.0}}""";
            if (token is not null)
                yield return $$$"""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{{{token}}},"progress":{{{i}}}}}""";
        }
    }
}
