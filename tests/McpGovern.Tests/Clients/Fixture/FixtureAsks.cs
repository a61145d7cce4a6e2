using ModelContextProtocol.Protocol;
using static McpGovern.Tests.Clients.Fixture.FixtureContent;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>Every tool that asks its client something, and what it asks.</summary>
internal static class FixtureAsks
{
    private const string
        Name = """{"name":{"type":"string"}}""",
        Roots = """{"method":"roots/list","params":{}}""",
        User = """{"username":{"type":"string","description":"User's response"},"email":{"type":"string","description":"User's email address"}}""",
        Defaults = """
            {
              "name": { "type": "string", "default": "John Doe" },
              "age": { "type": "integer", "default": 30 },
              "score": { "type": "number", "default": 95.5 },
              "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
              "verified": { "type": "boolean", "default": true }
            }
            """,
        Enums = """
            {
              "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
              "titledSingle": { "type": "string", "oneOf": [
                { "const": "value1", "title": "First Option" },
                { "const": "value2", "title": "Second Option" },
                { "const": "value3", "title": "Third Option" }] },
              "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"] },
              "untitledMulti": { "type": "array", "items": { "type": "string", "enum": ["option1", "option2", "option3"] } },
              "titledMulti": { "type": "array", "items": { "anyOf": [
                { "const": "value1", "title": "First Choice" },
                { "const": "value2", "title": "Second Choice" },
                { "const": "value3", "title": "Third Choice" }] } }
            }
            """;

    public static IReadOnlyDictionary<string, FixtureAsk> All { get; } = new Dictionary<string, FixtureAsk>
    {
        ["test_sampling"] = new(
            call => [$$"""{"answer":{{Sample(call.TextArgument("prompt"))}}}"""],
            given => $"LLM response: {given["answer"].RawValue}"),
        ["test_elicitation"] = new(
            call => [$$"""{"answer":{{Elicit(call.TextArgument("message"), User, "username", "email")}}}"""],
            given => $"User response: {given["answer"].RawValue}"),
        ["test_elicitation_sep1034_defaults"] = Once($$"""{"answer":{{Elicit("Please review", Defaults)}}}""", Completed),
        ["test_elicitation_sep1330_enums"] = Once($$"""{"answer":{{Elicit("Please choose", Enums)}}}""", Completed),
        ["test_streaming_elicitation"] = Once($$"""{"answer":{{Elicit("Go on?", """{"ok":{"type":"boolean"}}""")}}}""", Completed),
        ["test_input_required_result_elicitation"] = Once(AskUser, Hello),
        ["test_input_required_result_sampling"] = Once($$"""{"capital_question":{{Sample("What is the capital of France?")}}}""", Raw),
        ["test_input_required_result_list_roots"] = Once($$"""{"client_roots":{{Roots}}}""", Raw),
        ["test_input_required_result_request_state"] = Once(Confirm("confirm"), _ => "state-ok", stateful: true),
        ["test_input_required_result_tampered_state"] = Once(Confirm("confirm"), _ => "state-ok", stateful: true),
        ["test_input_required_result_multiple_inputs"] = Once(
            $$"""{"user_name":{{AskName("What is your name?")}},"greeting":{{Sample("Generate a greeting")}},"client_roots":{{Roots}}}""",
            Raw,
            stateful: true),
        ["test_input_required_result_multi_round"] = new(
            _ =>
            [
                $$"""{"step1":{{AskName("Step 1: What is your name?")}}}""",
                $$"""{"step2":{{Elicit("Step 2: What is your favorite color?", """{"color":{"type":"string"}}""", "color")}}}""",
            ],
            Raw,
            stateful: true),
        ["test_input_required_result_capabilities"] = Once(
            $$"""{"user_name":{{AskName("What is your name?")}},"greeting":{{Sample("Generate a greeting")}}}""", Raw),
        ["confirm_delete"] = new(
            call => [Confirm("confirm", $"Delete {call.TextArgument("filename")}?", "confirm")],
            given => $"deleted: {given["confirm"].RawValue}"),
        ["multi_input"] = Once($$"""{"first":{{AskName("First name?")}},"second":{{AskName("Second name?")}}}""", Raw),
        ["test_tool_with_task"] = Once(AskUser, Hello),
    };

    public static string Elicit(string? message, string properties, params string[] required) => $$"""
        {"method":"elicitation/create","params":{"mode":"form","message":{{Quote(message)}},
         "requestedSchema":{"type":"object","properties":{{properties}},"required":[{{string.Join(',', required.Select(Quote))}}]} } }
        """;

    private static string AskUser => $$"""{"user_name":{{AskName("What is your name?")}}}""";

    private static FixtureAsk Once(string requests, Func<IDictionary<string, InputResponse>, string> answer, bool stateful = false) =>
        new(_ => [requests], answer, stateful);

    private static string AskName(string message) => Elicit(message, Name, "name");

    private static string Confirm(string key, string message = "Please confirm", string property = "ok") =>
        $$"""{"{{key}}":{{Elicit(message, $$"""{"{{property}}":{"type":"boolean"} }""", property)}}}""";

    private static string Sample(string? prompt) => $$"""
        {"method":"sampling/createMessage","params":{
          "messages":[{"role":"user","content":{"type":"text","text":{{Quote(prompt)}} } }],"maxTokens":100} }
        """;

    private static string Completed(IDictionary<string, InputResponse> given) => $"Elicitation completed: {given["answer"].RawValue}";

    private static string Hello(IDictionary<string, InputResponse> given) => $"Hello, {given["user_name"].RawValue}!";

    private static string Raw(IDictionary<string, InputResponse> given) =>
        string.Join('\n', given.Select(response => $"{response.Key}: {response.Value.RawValue}"));
}
