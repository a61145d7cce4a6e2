using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>Reads a whole list of an upstream, page by page, every definition as it is written.</summary>
internal sealed class Catalogue(Exchange exchange, string upstream, UpstreamLimits limits, ILogger log)
{
    // Far above any real server: a list without end must not hold a connect for ever.
    private const int MaxPages = 200;

    private const int MethodNotFound = -32601;

    /// <exception cref="UpstreamUnavailableException">The list could not be had whole; half a list would look like tools withdrawn.</exception>
    public async Task<IReadOnlyList<ToolDefinition>> ReadAsync(ListKind kind, CancellationToken ct)
    {
        var entries = new List<ToolDefinition>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var skipped = 0;
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            if (await ReadPageAsync(kind, cursor, ct) is not { } members)
                return entries;
            foreach (var definition in RawObject.ReadArray(Member(members, kind.Member)) ?? [])
            {
                if (Read(kind, definition) is { } entry && names.Add(entry.Name))
                    entries.Add(entry);
                else
                    skipped++;
            }

            cursor = RawObject.AsString(Member(members, "nextCursor"));
            if (cursor is null)
            {
                if (skipped > 0)
                    UpstreamLog.BadEntries(log, upstream, skipped, kind.Method);
                return entries;
            }
        }

        throw new UpstreamUnavailableException($"its {kind.Method} has more than {MaxPages} pages");
    }

    /// <summary>Null when the upstream has no such list at all.</summary>
    private async Task<List<RawMember>?> ReadPageAsync(ListKind kind, string? cursor, CancellationToken ct)
    {
        var parameters = cursor is null ? [] : new JsonObject { ["cursor"] = cursor };
        var answer = await exchange.SendAsync(kind.Method, parameters, tool: null, progress: null, limits.ConnectTimeout, ct);
        return answer switch
        {
            UpstreamAnswer.Result result => RawObject.Read(result.Json),
            UpstreamAnswer.Error { Code: MethodNotFound } => null,
            UpstreamAnswer.Error error => throw new UpstreamUnavailableException($"its {kind.Method} failed: {error.Message}"),
            UpstreamAnswer.NotSent notSent => throw new UpstreamUnavailableException(notSent.Reason),
            UpstreamAnswer.Lost lost => throw new UpstreamUnavailableException($"its {kind.Method} did not come: {lost.Reason}"),
            _ => throw new System.Diagnostics.UnreachableException(answer.GetType().Name),
        };
    }

    private static ToolDefinition? Read(ListKind kind, ReadOnlyMemory<byte> definition) =>
        RawObject.Read(definition) is { } members && RawObject.AsString(Member(members, kind.Key)) is { Length: > 0 } name
            ? new ToolDefinition(name, Encoding.UTF8.GetString(definition.Span), ToolHash.Of(members, kind))
            : null;

    private static ReadOnlyMemory<byte> Member(List<RawMember> members, string name) =>
        members.FindLast(member => member.Name == name).Value;
}
