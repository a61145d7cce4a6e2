using System.Text;
using System.Text.Json;
using McpGovern.Policy;
using McpGovern.Upstreams;
using McpGovern.Wire;

namespace McpGovern.Calls;

/// <summary>The prompts that agents see, under names made like those of tools.</summary>
internal sealed class GovernedPrompts(GovernedLists lists)
{
    /// <summary>The entries as their upstreams wrote them but for their names, of what the actor may at least request, by name.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(Actor actor, CancellationToken ct)
    {
        if (!actor.Roles.HasFlag(Roles.Caller))
        {
            return [];
        }

        return
        [
            .. Named(await lists.ReadAsync(ListKind.Prompts, ct))
                .Where(prompt => prompt.Value.Upstream.LastFailure is null
                    && lists.MayRequest(actor, prompt.Value.Upstream, PolicyName.Prompt + prompt.Value.Definition.Name))
                .OrderBy(prompt => prompt.Key, StringComparer.Ordinal)
                .Select(prompt => Advertise(prompt.Value.Definition, prompt.Key)),
        ];
    }

    /// <summary>The prompt behind an advertised name, or <c>null</c> where no upstream has it.</summary>
    public async Task<GovernedTool?> FindAsync(string advertised, CancellationToken ct)
    {
        if (!Named(lists.Known(ListKind.Prompts)).TryGetValue(advertised, out var prompt)
            && !Named(await lists.ReadAsync(ListKind.Prompts, ct)).TryGetValue(advertised, out prompt))
        {
            return null;
        }

        return new(prompt.Upstream, Recorded(prompt.Definition));
    }

    /// <summary>The prompt of a recorded name in a list, if it is there.</summary>
    public static ToolDefinition? In(IReadOnlyList<ToolDefinition> prompts, string tool) =>
        prompts.Where(prompt => PolicyName.Prompt + prompt.Name == tool).Select(Recorded).FirstOrDefault();

    private static ToolDefinition Recorded(ToolDefinition prompt) => prompt with { Name = PolicyName.Prompt + prompt.Name };

    private Dictionary<string, Listed> Named(IReadOnlyList<Listed> prompts)
    {
        var names = AdvertisedNames.Assign([.. prompts.Select(p => (p.Upstream.Name, p.Definition.Name))], lists.OnlyUpstream);
        return names.ToDictionary(n => n.Key, n => prompts.First(p => p.Upstream.Name == n.Value.Server && p.Definition.Name == n.Value.Tool), StringComparer.Ordinal);
    }

    private static string Advertise(ToolDefinition prompt, string name)
    {
        if (prompt.Name == name)
        {
            return prompt.Json;
        }

        var members = RawObject.Read(Encoding.UTF8.GetBytes(prompt.Json))!;
        var renamed = members.Select(member => member.Name == "name" ? member with { Value = JsonSerializer.SerializeToUtf8Bytes(name) } : member);
        return Encoding.UTF8.GetString(RawObject.Write(renamed).Span);
    }
}
