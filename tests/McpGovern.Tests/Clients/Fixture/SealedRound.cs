using System.Security.Cryptography;
using System.Text;
using ModelContextProtocol;

namespace McpGovern.Tests.Clients.Fixture;

/// <summary>How far an exchange of questions has come, in a <c>requestState</c> that nobody else can write.</summary>
internal static class SealedRound
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public static string Seal(int round) => $"round-{round}.{Mark(round)}";

    /// <exception cref="McpProtocolException">It is not one of ours.</exception>
    public static int Open(string state)
    {
        var parts = state.Split('-', '.');
        return parts.Length == 3 && int.TryParse(parts[1], out var round) && Seal(round) == state
            ? round
            : throw new McpProtocolException("requestState was tampered with", McpErrorCode.InvalidParams);
    }

    private static string Mark(int round) => Convert.ToHexStringLower(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes($"{round}")));
}
