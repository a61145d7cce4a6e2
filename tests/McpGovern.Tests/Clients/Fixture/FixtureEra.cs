using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>Which revisions the fixture lets a client speak.</summary>
internal enum FixtureEra
{
    Both,

    /// <summary>2025-11-25 and older: <c>initialize</c>, sessions, requests to the client.</summary>
    Legacy,

    /// <summary>2026-07-28: no session, and the client is asked by <c>input_required</c>.</summary>
    Modern,
}

/// <summary>Hides the method by which the other era begins, as a server of one era would.</summary>
internal static class EraPin
{
    public static FixtureEra Parse(IEnumerable<string> args) => args switch
    {
        _ when args.Contains("--legacy") => FixtureEra.Legacy,
        _ when args.Contains("--modern") => FixtureEra.Modern,
        _ => FixtureEra.Both,
    };

    public static McpMessageFilter Filter(FixtureEra era) => next => (context, ct) =>
    {
        var hidden = era == FixtureEra.Legacy ? RequestMethods.ServerDiscover : RequestMethods.Initialize;
        if (context.JsonRpcMessage is JsonRpcRequest request && request.Method == hidden)
        {
            // The SDK then answers as it does to any method that it does not know; an exception here would end the server.
            var unknown = $"{hidden} of another era";
            context.JsonRpcMessage = new JsonRpcRequest { Id = request.Id, Method = unknown, Params = request.Params, Context = request.Context };
        }

        return next(context, ct);
    };
}
