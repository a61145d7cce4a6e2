using System.Collections.Concurrent;
using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary>The resources that agents see, and whose each address is.</summary>
internal sealed partial class GovernedResources(GovernedLists lists, ILogger<GovernedResources> log)
{
    /// <summary>Characters; no real address is near it, and policy looks at every one of them.</summary>
    public const int MaxAddress = 8192;

    private readonly ConcurrentDictionary<string, bool> told = new(StringComparer.Ordinal);

    /// <summary>The entries as their upstreams wrote them, of what the actor may at least request, by address.</summary>
    /// <param name="kind"><see cref="ListKind.Resources"/> or <see cref="ListKind.Templates"/>.</param>
    public async Task<IReadOnlyList<string>> ListAsync(Actor actor, ListKind kind, CancellationToken ct)
    {
        if (!actor.Roles.HasFlag(Roles.Caller))
        {
            return [];
        }

        return
        [
            .. FirstOfEach(await lists.ReadAsync(kind, ct))
                .Where(entry => entry.Upstream.LastFailure is null && lists.MayRequest(actor, entry.Upstream, kind.Prefix + entry.Definition.Name))
                .OrderBy(entry => entry.Definition.Name, StringComparer.Ordinal)
                .Select(entry => entry.Definition.Json),
        ];
    }

    /// <summary>The resource, or <c>null</c> where no upstream has it: in a list, or by a template. A single upstream has them all. An address is printable ASCII: nothing else is one.</summary>
    public async Task<GovernedTool?> FindAsync(string uri, CancellationToken ct)
    {
        if (uri.Length > MaxAddress || uri.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return null;
        }

        var owner = lists.OnlyUpstream ? await OnlyAsync(ct)
            : Owner(await lists.ReadAsync(ListKind.Resources, ct), known => known == uri)
                ?? Owner(await lists.ReadAsync(ListKind.Templates, ct), template => UriTemplate.Matches(template, uri));
        return owner is null ? null : new GovernedTool(owner, Definition(PolicyName.Resource + uri));
    }

    /// <summary>Whose template this is, written as in the list.</summary>
    public async Task<Upstream?> OwnerOfTemplateAsync(string template, CancellationToken ct) =>
        Owner(await lists.ReadAsync(ListKind.Templates, ct), known => known == template);

    /// <summary>An address is all that is promised of a resource: what a list says of it beside may change without making it another.</summary>
    /// <param name="tool">As it is recorded.</param>
    public static ToolDefinition Definition(string tool)
    {
        var json = $$"""{"uri":{{CanonicalJson.Quote(tool[PolicyName.Resource.Length..])}}}""";
        return new(tool, json, CallHash.OfJson(json));
    }

    private static Upstream? Owner(IReadOnlyList<Listed> entries, Func<string, bool> fits) => entries.FirstOrDefault(entry => fits(entry.Definition.Name))?.Upstream;

    // What cannot be asked whether it has resources is asked when the call is sent.
    private async Task<Upstream?> OnlyAsync(CancellationToken ct)
    {
        var only = lists.Upstreams[0];
        try
        {
            return (await only.ConnectAsync(ct)).Declares(ListKind.Resources.Capability) ? only : null;
        }
        catch (UpstreamUnavailableException)
        {
            return only;
        }
    }

    private IEnumerable<Listed> FirstOfEach(IReadOnlyList<Listed> entries)
    {
        foreach (var same in entries.GroupBy(entry => entry.Definition.Name, StringComparer.Ordinal))
        {
            var first = same.First();
            foreach (var other in same.Skip(1).Where(other => told.TryAdd($"{other.Upstream.Name} {same.Key}", true)))
            {
                LogHidden(other.Upstream.Name, first.Upstream.Name);
            }

            yield return first;
        }
    }

    [LoggerMessage(1007, LogLevel.Warning, "A resource of upstream '{Server}' is not exposed: '{Other}', which stands before it in the settings, has the same address")]
    private partial void LogHidden(string server, string other);
}
