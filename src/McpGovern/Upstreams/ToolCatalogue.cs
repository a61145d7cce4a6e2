using System.Text;
using System.Text.Json.Nodes;
using McpGovern.Wire;
using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>Reads an upstream's whole tool list, page by page, every definition as it is written.</summary>
internal sealed class ToolCatalogue(Exchange exchange, string upstream, UpstreamLimits limits, ILogger log)
{
    // Far above any real server: a list without end must not hold a connect for ever.
    private const int MaxPages = 200;

    private const int MethodNotFound = -32601;

    /// <exception cref="UpstreamUnavailableException">The list could not be had whole; half a list would look like tools withdrawn.</exception>
    public async Task<IReadOnlyList<ToolDefinition>> ReadAsync(CancellationToken ct)
    {
        var tools = new List<ToolDefinition>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var skipped = 0;
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            if (await ReadPageAsync(cursor, ct) is not { } members)
                return tools;
            foreach (var definition in RawObject.ReadArray(Member(members, "tools")) ?? [])
            {
                if (Read(definition) is { } tool && names.Add(tool.Name))
                    tools.Add(tool);
                else
                    skipped++;
            }

            cursor = RawObject.AsString(Member(members, "nextCursor"));
            if (cursor is null)
            {
                if (skipped > 0)
                    UpstreamLog.BadTools(log, upstream, skipped);
                return tools;
            }
        }

        throw new UpstreamUnavailableException($"its tool list has more than {MaxPages} pages");
    }

    /// <summary>Null when the upstream knows no tools at all.</summary>
    private async Task<List<RawMember>?> ReadPageAsync(string? cursor, CancellationToken ct)
    {
        var parameters = cursor is null ? [] : new JsonObject { ["cursor"] = cursor };
        var answer = await exchange.SendAsync("tools/list", parameters, tool: null, progress: null, limits.ConnectTimeout, ct);
        return answer switch
        {
            UpstreamAnswer.Result result => RawObject.Read(result.Json),
            UpstreamAnswer.Error { Code: MethodNotFound } => null,
            UpstreamAnswer.Error error => throw new UpstreamUnavailableException($"its tool list failed: {error.Message}"),
            UpstreamAnswer.NotSent notSent => throw new UpstreamUnavailableException(notSent.Reason),
            UpstreamAnswer.Lost lost => throw new UpstreamUnavailableException($"its tool list did not come: {lost.Reason}"),
            _ => throw new System.Diagnostics.UnreachableException(answer.GetType().Name),
        };
    }

    private static ToolDefinition? Read(ReadOnlyMemory<byte> definition) =>
        RawObject.Read(definition) is { } members && RawObject.AsString(Member(members, "name")) is { Length: > 0 } name
            ? new ToolDefinition(name, Encoding.UTF8.GetString(definition.Span), ToolHash.Of(members))
            : null;

    private static ReadOnlyMemory<byte> Member(List<RawMember> members, string name) =>
        members.FindLast(member => member.Name == name).Value;
}
