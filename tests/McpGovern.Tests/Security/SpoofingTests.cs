using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using McpGovern.Calls;
using McpGovern.Cli;
using McpGovern.ConsolePages;
using McpGovern.Server;
using McpGovern.Tests.Calls;
using McpGovern.Wire;

namespace McpGovern.Tests.Security;

/// <summary>What an approver reads is what was sent: nothing in it acts on the screen, hides, or stands for two texts.</summary>
public sealed partial class SpoofingTests(SecurityHouse house) : IClassFixture<SecurityHouse>
{
    private const int Texts = 10_000;

    [Fact]
    [Trait("attack", "S25"), Trait("attack", "S26"), Trait("attack", "S34"), Trait("attack", "S35"), Trait("attack", "S45"), Trait("attack", "S50")]
    public void Text_OnEverySurface_IsSafeAndCanBeTakenBack()
    {
        foreach (var text in HostileText.Many(Texts))
        {
            Safe(VisibleJson.Line(text), lines: false);
            Assert.Equal(text, Unescape(VisibleJson.Line(text)));
            Safe(VisibleJson.Lines(text));
            Assert.Equal(text, Unescape(VisibleJson.Lines(text)));

            // A decider's comment, as the agent is told of it, and a refusal over MCP.
            var told = new Told(OwnWords.Of(CallMethod.Tool, text));
            Safe(told.Text);
            Assert.Equal(text, Unescape(told.Text));
            Safe(new Told(ToolAnswers.Refused("not_found", text)).Text);
        }
    }

    [Fact]
    [Trait("attack", "S25"), Trait("attack", "S26"), Trait("attack", "S50")]
    public void Arguments_OnEverySurface_AreSafeAndTheSameJson()
    {
        foreach (var text in HostileText.Many(Texts))
        {
            var json = HostileText.Json(text);
            var sent = CanonicalJson.Of(json);
            var view = View(json, LoneSurrogate().Replace(text, "?"));
            foreach (var shown in (string[])[VisibleJson.Of(json), VisibleJson.Ascii(json), CallCard.Of(view, Open, default).Stored, CallCard.Of(view, Open, default).Arguments])
            {
                Safe(shown);
                Assert.Equal(sent, CanonicalJson.Of(shown));
            }

            var claim = view.Justification!;
            var card = CallCard.Of(view, Open, default);
            Safe(card.Justification!);
            Assert.Equal(claim, Unescape(card.Justification!));
            Safe(UnverifiedText.Line(claim), lines: false);
            Assert.Equal($"{UnverifiedText.Title}: {claim}", Unescape(UnverifiedText.Line(claim)));
            // No line of it begins where one of ours does.
            var block = UnverifiedText.Block(claim);
            Assert.All(block.Split('\n').Skip(1), line => Assert.StartsWith("    | ", line, StringComparison.Ordinal));
            Assert.EndsWith(block, Elicitation.FormParams(Loaded(view), withMode: true)["message"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.True(Printed.Call(view).IndexOf(block.TrimEnd(), StringComparison.Ordinal) > Printed.Call(view).IndexOf("arguments (data", StringComparison.Ordinal));
            Safe(Printed.Call(view));
            Safe(Printed.List(new([view], view.RequestedBy), []));
            var listed = new Told(ToolAnswers.Data(CallJson.Write(view), "data"));
            Safe(listed.Raw);
            Assert.Equal(sent, CanonicalJson.Of(listed.Json.GetProperty("structuredContent").GetProperty("arguments").GetRawText()));

            // Over REST it is data: valid, and what was sent.
            Assert.Equal(sent, CanonicalJson.Of(JsonElement.Parse(CallJson.Write(view)).GetProperty("arguments").GetRawText()));
            Assert.Equal(claim, JsonElement.Parse(CallJson.Write(view)).GetProperty("justification").GetString());
            Assert.Equal(claim, listed.Json.GetProperty("structuredContent").GetProperty("justification").GetString());
        }
    }

    /// <summary>What is sent along beside the arguments, and the form in a caller's own client, are surfaces like the others.</summary>
    [Fact]
    [Trait("attack", "S25"), Trait("attack", "S27")]
    public void MetaAndForm_OnEverySurface_AreSafeAndTheSameJson()
    {
        foreach (var text in HostileText.Many(Texts))
        {
            var json = HostileText.Json(text);
            var sent = CanonicalJson.Of(json);
            CallEvent[] parked = [Doors.Histories.Asked with { Arguments = json, Meta = json, InputResponses = json }, Doors.Histories.Parked];
            var view = CallView.From("call_00000000000000000000000000000001", parked);
            var card = CallCard.Of(view, Open, default);
            foreach (var shown in (string[])[card.Meta!, card.MetaAscii ?? card.Meta!, card.Answers!])
            {
                Safe(shown);
                Assert.Equal(sent, CanonicalJson.Of(shown));
            }

            Safe(Printed.Call(view));
            Safe(Printed.List(new([view], null), []));
            Assert.Equal(sent, CanonicalJson.Of(JsonElement.Parse(CallJson.Write(view)).GetProperty("meta").GetRawText()));

            var message = Elicitation.FormParams(new(view.CallId, parked, Call.Replay(parked)), withMode: true)["message"]!.GetValue<string>();
            Safe(message);
            // Arguments, what is beside them and the answers: each on a line of its own.
            Assert.Equal([sent, sent, sent], message.Split('\n').Where((_, line) => line % 2 == 1).Select(CanonicalJson.Of));
        }
    }

    [Fact]
    [Trait("attack", "S25"), Trait("attack", "S45")]
    public async Task Page_OfHostileCalls_HasNoMarkupOfTheirsAndNothingInvisible()
    {
        using var visitor = await house.VisitorAsync("bob");
        foreach (var some in HostileText.Many(1000).Where(IsWhole).Chunk(50))
        {
            var text = string.Join('|', some);
            var claim = text[..Math.Min(text.Length, UnverifiedText.MaxLength)];
            var id = await house.ParkAsync(SecurityHouse.KeyOf("alice"), note: text, justification: claim);
            var page = await visitor.GetAsync($"/approvals/{id}");

            Assert.Equal(200, page.Status);
            Safe(page.Text.Replace("\r", "", StringComparison.Ordinal).Replace("\u2026", "", StringComparison.Ordinal));
            Assert.DoesNotMatch(Active(), page.Html);
            Assert.Equal(1, page.Html.Split("<h1").Length - 1);
            Assert.Contains(VisibleJson.Lines(claim), page.Text, StringComparison.Ordinal);
        }
    }

    private static bool IsWhole(string text) => !text.Any(char.IsSurrogate) && !text.Contains('\0', StringComparison.Ordinal);

    private static Deciding Open => new(true, true, false, null);

    private static CallView View(string arguments, string text)
    {
        var asked = Doors.Histories.Asked with { Arguments = arguments, RequestedBy = text, Tool = text, Client = new ClientInfo(text, text), Justification = text };
        var decided = (ApprovalReceived)Doors.Histories.BobNo with { Comment = text };
        return CallView.From("call_00000000000000000000000000000001", [asked, Doors.Histories.Parked with { Approvers = [text] }, decided]);
    }

    private static LoadedCall Loaded(CallView view)
    {
        CallEvent[] events = [Doors.Histories.Asked with { Arguments = view.Arguments, Justification = view.Justification }, Doors.Histories.Parked];
        return new(view.CallId, events, Call.Replay(events));
    }

    private static void Safe(string shown, bool lines = true) =>
        Assert.True(HostileText.FirstUnsafe(shown, lines) is null, $"{HostileText.FirstUnsafe(shown, lines)} in {JsonSerializer.Serialize(shown)}");

    private static string Unescape(string shown) =>
        Escape().Replace(shown, match => $"{(char)int.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)}");

    [GeneratedRegex(@"\\u([0-9a-fA-F]{4})")]
    private static partial Regex Escape();

    [GeneratedRegex("(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])")]
    private static partial Regex LoneSurrogate();

    [GeneratedRegex("<script|<img|<svg|onerror\\s*=[^&]*>|href=\"(https?://evil|javascript)", RegexOptions.IgnoreCase)]
    private static partial Regex Active();
}
