using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>What the tools say that they take; a tool that is not named here takes nothing.</summary>
internal static class FixtureSchemas
{
    private static readonly Dictionary<string, string> Schemas = new()
    {
        ["test_sampling"] = """{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}""",
        ["test_elicitation"] = """{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}""",
        ["test_header_parameter"] = """{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}},"required":["region"]}""",
        ["greet"] = """{"type":"object","properties":{"name":{"type":"string"}}}""",
        ["slow_compute"] = """{"type":"object","properties":{"seconds":{"type":"number"},"label":{"type":"string"}}}""",
        ["confirm_delete"] = """{"type":"object","properties":{"filename":{"type":"string"}}}""",
        ["json_schema_2020_12_tool"] = """
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "$defs": {
                "address": {
                  "$anchor": "addressDef",
                  "type": "object",
                  "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
                }
              },
              "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" }
              },
              "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
              "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
              "then": { "required": ["phone"] },
              "else": { "required": ["email"] },
              "additionalProperties": false
            }
            """,
    };

    public static Tool Definition(string name) => new()
    {
        Name = name,
        Description = $"{name}, for the conformance suite",
        InputSchema = JsonElement.Parse(Schemas.GetValueOrDefault(name) ?? """{"type":"object"}"""),
    };
}
