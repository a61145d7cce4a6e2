using System.Text;
using McpGovern.Policy;

namespace McpGovern.Tests.Policy;

public sealed class PolicyFuzzTests
{
    private const string Seed = """
        version: 1
        default: deny
        allow: ["github.get_*", { tools: [search], when: { n: { lt: 5 } } }]
        deny: ["*.delete_*"]
        require_approval_for:
          - "payments.*"
          - { tools: ["billing.refund"], when: { amount: { gt: 500 }, who: { regex: "^a+$" } }, deadline: 24h, quorum: 2 }
        rules: [{ match: "x.*", action: audit }]
        """;

    private static readonly string[] Pieces =
        ["[", "]", "{", "}", ":", "- ", "\n", "\t", "&a ", "*a", "!!str ", "<<: ", "---\n", "\"", "'", "|", ">", "%", "@", "\0", "\uFEFF", "😀", "\\", "null", "never", "? ", "#", "allow", "deny:"];

    /// <summary>
    /// Whatever stands in a file, reading it ends, and what cannot be read is no policy. What can be read is judged by what
    /// it says, so here only: a file is there exactly when nothing is wrong, and then it decides.
    /// </summary>
    [Fact]
    [Trait("attack", "S18")]
    public void Read_WithMutatedFiles_NeverCrashesAndNeverHalfReads()
    {
        var random = new Random(18);
        var read = 0;
        for (var i = 0; i < 4000; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(Mutate(Seed, random));
            if (i % 5 == 0)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var reading = PolicyFileReader.Read(bytes, "p.yaml");
            Assert.Equal(reading.File is null, reading.Errors.Count > 0);
            var set = PolicySet.Create(reading.File is null ? [] : [reading.File]);
            var verdict = set.Evaluate(PolicyCall.Named("payments.submit", "{}")).Verdict;
            if (reading.File is null)
                Assert.Equal(Verdict.Deny, verdict);
            else
                read++;
        }
        Assert.InRange(read, 100, 3900);
    }

    private static string Mutate(string text, Random random)
    {
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(12), text.Length - at);
            text = random.Next(4) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, string.Concat(Enumerable.Repeat(Pieces[random.Next(Pieces.Length)], random.Next(10) == 0 ? 300 : 1))),
                2 => text.Insert(at, text.Substring(at, length)),
                _ => text.Remove(at, length).Insert(at, Pieces[random.Next(Pieces.Length)]),
            };
        }
        return text;
    }
}
