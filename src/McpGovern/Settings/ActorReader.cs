namespace McpGovern.Settings;

/// <summary>Reads <c>actors</c>.</summary>
internal static class ActorReader
{
    private static readonly string[] Roles = ["caller", "approver", "operator", "auditor"];

    public static IReadOnlyList<ActorConfig> Read(SettingKeys keys)
    {
        var faults = keys.Faults("actors");
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var actors = new List<ActorConfig>();
        foreach (var node in keys.Fields("actors").List("actors", "write a list of { id, roles, key }"))
        {
            if (node is not MapNode map)
            {
                faults.Error(node, $"an actor cannot be {node.Kind}", "write { id: alice, roles: [approver], key: \"${ALICE_KEY}\" }");
                continue;
            }
            var within = faults.Within($"actor {(map.Find("id")?.Value as ScalarNode)?.Kind}".TrimEnd());
            var actor = ReadOne(keys, map, within);
            Unique($"id {actor.Id}", actor.Id.Length > 0, "two actors have this id", "keep one");
            Unique($"key {actor.Key}", actor.Key is not null, "another actor has the same key", "give each its own");
            Unique($"user {actor.OsUser}", actor.OsUser is not null, "another actor has the same os_user", "keep one");
            actors.Add(actor);

            void Unique(string what, bool given, string problem, string cure)
            {
                if (given && !seen.TryAdd(what, map.Line))
                    within.Error(map.Line, $"{problem}, in line {seen[what]}", cure);
            }
        }
        return actors;
    }

    private static ActorConfig ReadOne(SettingKeys keys, MapNode map, Faults faults)
    {
        var fields = new Fields(map, faults, "id", "groups", "roles", "key", "os_user");
        var id = fields.Required("id", "write id: alice, or id: \"agent:coder\"") ?? "";
        if (id.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
            faults.Error(map, "the id has blanks or control characters", "write one word");
        var key = fields.Text("key", "write key: \"${ALICE_KEY}\"") is { } text ? keys.Expand(text, fields.LineOf("key"), faults) : null;
        if (key is { Length: < 16 })
            faults.Warn(fields.LineOf("key"), "the key is short enough to be guessed", "use at least 16 random characters");
        return new(id, fields.Texts("groups"), ReadRoles(fields, faults), key, fields.Text("os_user"));
    }

    private static IReadOnlyList<string> ReadRoles(Fields fields, Faults faults)
    {
        if (fields.Node("roles") is null)
            return ["caller"];
        var roles = fields.Texts("roles");
        foreach (var role in roles.Except(Roles))
            faults.Error(fields.LineOf("roles"), $"unknown role '{role}'", Spelling.Cure(role, Roles));
        return roles;
    }
}
