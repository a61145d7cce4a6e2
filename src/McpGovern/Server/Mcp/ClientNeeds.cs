using System.Security.Cryptography;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Upstreams;
using McpGovern.Wire;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpGovern.Server;

/// <summary>Something that a client must have declared to be asked, and how the protocol writes it.</summary>
internal sealed record ClientNeed(string Name, string Json);

/// <summary>Which capability a question needs.</summary>
internal static class ClientNeeds
{
    /// <summary>What the client would have had to declare, or <c>null</c> where it may be asked.</summary>
    public static ClientNeed? Missing(string? method, ReadOnlyMemory<byte> parameters, ClientCapabilities? declared) => method switch
    {
        UpstreamQuestion.Elicitation when ModeOf(parameters) == "url" => Unless(declared?.Elicitation?.Url, "elicitation.url", """{"elicitation":{"url":{}}}"""),
        UpstreamQuestion.Elicitation => Unless(declared?.Elicitation?.Form, "elicitation", """{"elicitation":{"form":{}}}"""),
        UpstreamQuestion.Sampling => Unless(declared?.Sampling, "sampling", """{"sampling":{}}"""),
        UpstreamQuestion.Roots => Unless(declared?.Roots, "roots", """{"roots":{}}"""),
        _ => new($"'{method}'", "{}"),
    };

    /// <summary>The first thing that one of the questions needs and the client did not declare.</summary>
    public static ClientNeed? Missing(InputQuestions questions, ClientCapabilities? declared) =>
        questions.All.Select(q => Missing(q.Method, q.Params, declared)).FirstOrDefault(need => need is not null);

    /// <summary>Nobody is asked for what he did not say that he can.</summary>
    public static MissingRequiredClientCapabilityException Refusal(ClientNeed missing) =>
        new(JsonSerializer.Deserialize<ClientCapabilities>(missing.Json, McpJsonUtilities.DefaultOptions)!);

    /// <summary>As written, but for the id that the revisions with requests from a server want of a question by URL; the stateless one has none.</summary>
    public static ReadOnlyMemory<byte> AsAsked(ReadOnlyMemory<byte> parameters) =>
        ModeOf(parameters) == "url" && RawObject.Read(parameters) is { } members && members.TrueForAll(member => member.Name != "elicitationId")
            ? RawObject.Write([.. members, new("elicitationId", "\"elicitationId\""u8.ToArray(), JsonSerializer.SerializeToUtf8Bytes(RandomNumberGenerator.GetHexString(32, lowercase: true)))])
            : parameters;

    private static ClientNeed? Unless(object? declared, string name, string json) => declared is null ? new(name, json) : null;

    private static string? ModeOf(ReadOnlyMemory<byte> parameters) => RawObject.Read(parameters) is { } members
        ? RawObject.AsString(members.FindLast(member => member.Name == "mode").Value)
        : null;
}
