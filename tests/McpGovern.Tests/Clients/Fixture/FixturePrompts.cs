using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using static McpGovern.Tests.Clients.Fixture.FixtureContent;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>The prompts, one of which asks before it answers, and the completion of their arguments.</summary>
internal static class FixturePrompts
{
    private static readonly string[] Cities = ["paris", "park", "party", "testing"];

    private static readonly FixtureAsk AskContext = new(_ => [], given => $"Context: {given["user_context"].RawValue}");

    private static readonly string[] Context =
        [$$"""{"user_context":{{FixtureAsks.Elicit("What context should the prompt use?", """{"context":{"type":"string"}}""", "context")}}}"""];

    public static IList<Prompt> Definitions { get; } =
    [
        Define("test_simple_prompt"),
        Define("test_prompt_with_arguments", "arg1", "arg2"),
        Define("test_prompt_with_embedded_resource", "resourceUri"),
        Define("test_prompt_with_image"),
        Define("test_input_required_result_prompt"),
    ];

    public static ValueTask<GetPromptResult> GetAsync(RequestContext<GetPromptRequestParams> request, CancellationToken ct)
    {
        string Argument(string name) => request.Params!.Arguments?.TryGetValue(name, out var value) == true ? value.GetString() ?? "" : "";
        return new(request.Params!.Name switch
        {
            "test_simple_prompt" => User(Text("This is a simple prompt for testing.")),
            "test_prompt_with_arguments" => User(Text($"Prompt with arguments: arg1='{Argument("arg1")}', arg2='{Argument("arg2")}'")),
            "test_prompt_with_embedded_resource" => User(
                $$"""
                {"type":"resource","resource":
                  {"uri":{{Quote(Argument("resourceUri"))}},"mimeType":"text/plain","text":"Embedded resource content for testing."} }
                """,
                Text("Please process the embedded resource above.")),
            "test_prompt_with_image" => User(
                $$"""{"type":"image","data":"{{Png}}","mimeType":"image/png"}""",
                Text("Please analyze the image above.")),
            "test_input_required_result_prompt" => User(Text(Ask(request))),
            var name => throw new McpProtocolException($"Unknown prompt: '{name}'", McpErrorCode.InvalidParams),
        });
    }

    public static ValueTask<CompleteResult> CompleteAsync(RequestContext<CompleteRequestParams> request, CancellationToken ct)
    {
        var values = Cities.Where(city => city.StartsWith(request.Params!.Argument.Value, StringComparison.OrdinalIgnoreCase)).ToArray();
        return new(new CompleteResult { Completion = new() { Values = values, Total = values.Length, HasMore = false } });
    }

    private static string Ask(RequestContext<GetPromptRequestParams> request) => AskContext.Complete(
        Context,
        request.Params!.InputResponses,
        request.Params.RequestState,
        request.JsonRpcRequest.Context?.ClientCapabilities ?? request.Server.ClientCapabilities ?? new());

    private static string Text(string text) => $$"""{"type":"text","text":{{Quote(text)}}}""";

    private static GetPromptResult User(params string[] blocks) =>
        Read<GetPromptResult>($$"""{"messages":[{{string.Join(',', blocks.Select(block => $$"""{"role":"user","content":{{block}}}"""))}}]}""");

    private static Prompt Define(string name, params string[] arguments) => new()
    {
        Name = name,
        Description = $"{name}, for the conformance suite",
        Arguments = [.. arguments.Select(argument => new PromptArgument { Name = argument, Description = argument, Required = true })],
    };
}
