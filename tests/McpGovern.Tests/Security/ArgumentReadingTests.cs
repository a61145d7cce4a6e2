using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using McpGovern.Tests.Processes;
using McpGovern.Tests.Server;

namespace McpGovern.Tests.Security;

/// <summary>
/// What was judged is what an upstream reads: a document in which a key stands twice is refused at the door, and of every other one the
/// parsers of Node and Python see what .NET saw. Keys that only look alike are different keys to all three.
/// </summary>
public sealed class ArgumentReadingTests(HttpGateway gateway) : IClassFixture<HttpGateway>
{
    private const int Documents = 2_000;

    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "10", "1000000", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "18446744073709551616", "0.1", "0.10",
        "0.1000000000000000055511151231257827", "1e2", "1E+2", "1e-7", "5e-324", "2e-324", "1.7976931348623157e308", "1e308", "1e400", "-1e400", "123456789012345678901234567890", "1.0", "-1.50",
    ];

    private static readonly string[] Keys =
        ["amount", "Amount", "AMOUNT", "am\\u006funt", "\u00e9", "e\u0301", "\\u00e9", "\u00c9", "\u212a", "k", "K", "to", "To", "", " ", "__proto__", "constructor", "a.b", "a"];

    private const string Python = """
        import json, struct, sys
        def pairs(p):
            return {"keys": sorted("".join("%04x" % u for u in struct.unpack("<%dH" % (len(k.encode("utf-16-le", "surrogatepass")) // 2), k.encode("utf-16-le", "surrogatepass"))) + "=" + v for k, v in p)}
        def number(t):
            return struct.pack(">d", float(t)).hex()
        for line in sys.stdin:
            d = json.loads(line, object_pairs_hook=pairs, parse_int=number, parse_float=number)
            print(" ".join(d["keys"]))
        """;

    private const string Node = """
        require("readline").createInterface({input: process.stdin}).on("line", line => {
          const d = JSON.parse(line), b = Buffer.alloc(8);
          console.log(Object.keys(d).map(k => [...Array(k.length).keys()].map(i => k.charCodeAt(i).toString(16).padStart(4, "0")).join("")
            + "=" + (b.writeDoubleBE(d[k]), b.toString("hex"))).sort().join(" "));
        });
        """;

    [Fact]
    [Trait("attack", "S20"), Trait("attack", "S21"), Trait("attack", "S24")]
    public async Task Document_WithAKeyTwice_IsRefused_AndEveryOtherArrivesAsItWasSent()
    {
        var (accepted, refused) = await SendAllAsync();

        Assert.All(refused, document => Assert.True(HasTwice(document), document));
        Assert.All(accepted, document => Assert.False(HasTwice(document), document));
        Assert.True(refused.Count > 200 && accepted.Count > 1000, $"{accepted.Count} accepted, {refused.Count} refused");

        var arrived = gateway.Running.Upstream.Calls.Select(body => JsonElement.Parse(body).GetProperty("params").GetProperty("arguments").GetRawText()).ToArray();
        Assert.Equal(accepted.Order(StringComparer.Ordinal), arrived.Order(StringComparer.Ordinal));
    }

    [SkippableTheory]
    [InlineData("python3")]
    [InlineData("node")]
    [Trait("attack", "S20"), Trait("attack", "S21")]
    public async Task Document_ThatIsAccepted_IsReadAlikeByOthers(string language)
    {
        var documents = Generated().Where(document => !HasTwice(document)).ToArray();
        var read = await ReadAsync(language, documents);

        Assert.Equal(documents.Select(Read), read);
    }

    [SkippableFact]
    [Trait("attack", "S20")]
    public async Task Document_WithAKeyTwice_IsWhatTheyWouldReadOtherwise()
    {
        // Without this the comparison above would say nothing: of a document that the door refuses, readers keep one of two values.
        var read = await ReadAsync("node", ["""{"amount":1,"amount":2}"""]);
        Assert.Equal(Read("""{"amount":2}"""), read.Single());
    }

    private async Task<(List<string> Accepted, List<string> Refused)> SendAllAsync()
    {
        var (accepted, refused) = (new List<string>(), new List<string>());
        foreach (var document in Generated())
        {
            using var request = ModernClient.Post(gateway, ModernClient.Body("tools/call", $"\"name\":\"echo\",\"arguments\":{document},"), "echo");
            using var response = await gateway.Client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            (response.IsSuccessStatusCode && text.Contains("\"result\"", StringComparison.Ordinal) ? accepted : refused).Add(document);
        }

        return (accepted, refused);
    }

    private static IEnumerable<string> Generated()
    {
        var random = new Random(11);
        for (var n = 0; n < Documents; n++)
        {
            var members = Enumerable.Range(0, random.Next(1, 5)).Select(_ => $"\"{Keys[random.Next(Keys.Length)]}\":{Numbers[random.Next(Numbers.Length)]}");
            yield return $"{{{string.Join(',', members)}}}";
        }
    }

    private static bool HasTwice(string document)
    {
        var names = JsonElement.Parse(document).EnumerateObject().Select(member => member.Name).ToArray();
        return names.Distinct(StringComparer.Ordinal).Count() < names.Length;
    }

    private static string Read(string document) => string.Join(' ', JsonElement.Parse(document).EnumerateObject()
        .Select(member => string.Concat(member.Name.Select(c => $"{(int)c:x4}")) + "=" + Bits(member.Value.GetRawText())).Order(StringComparer.Ordinal));

    private static string Bits(string number) => $"{BitConverter.DoubleToInt64Bits(double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture)):x16}";

    private static async Task<string[]> ReadAsync(string language, string[] documents)
    {
        var start = new ProcessStartInfo(language, language == "node" ? ["-e", Node] : ["-c", Python])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        start.Environment["PYTHONUTF8"] = "1";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Requirement.SkipUnless(false, $"{language} is not installed");
            throw;
        }

        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            await process.StandardInput.WriteAsync(string.Join('\n', documents) + "\n");
            process.StandardInput.Close();
            return (await output).TrimEnd('\n').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        }
    }
}
