using System.Globalization;
using McpGovern.Calls;
using McpGovern.Wire;

namespace McpGovern.ConsolePages;

/// <summary>A call as its page shows it: everything in it that somebody else wrote is made visible first.</summary>
/// <remarks>Public, like the others here, because Razor's components are.</remarks>
public sealed record CallCard(CallView Call)
{
    private const int MaxResult = 64 * 1024;

    public bool MayApprove { get; private init; }
    public bool MayReject { get; private init; }
    public bool MayResolve { get; private init; }
    public string? WhyNot { get; private init; }
    public string? Remaining { get; private init; }

    /// <summary>The arguments over several lines; without the white space between its parts it is the stored text.</summary>
    public string Arguments { get; private init; } = "";

    /// <summary>On one line, as stored.</summary>
    public string Stored { get; private init; } = "";

    /// <summary>With every character outside ASCII escaped, where there are any: letters of two scripts can look alike.</summary>
    public string? Ascii { get; private init; }

    /// <summary>What is sent along in <c>_meta</c>, shown like the arguments.</summary>
    public string? Meta { get; private init; }

    /// <summary>The same with every character outside ASCII escaped, where there are any.</summary>
    public string? MetaAscii { get; private init; }

    /// <summary>What is sent along to the server's questions, on one line as stored.</summary>
    public string? Answers { get; private init; }

    /// <summary>What the agent says for itself.</summary>
    public string? Justification { get; private init; }

    /// <summary>More than fits the box on a phone: what is not seen at once must not be overlooked.</summary>
    public bool IsLong => Stored.Length > 600 || Arguments.Count(c => c == '\n') > 15;

    public string? Result { get; private init; }

    /// <summary>Something is still to come that the page will show when it is asked again.</summary>
    public bool IsMoving => Call.Status is "approved" or "dispatching";

    internal static CallCard Of(CallView call, Deciding deciding, DateTimeOffset now) => new(call)
    {
        MayApprove = deciding.Approve,
        MayReject = deciding.Reject,
        MayResolve = deciding.Resolve,
        WhyNot = deciding.WhyNot is { } why ? VisibleJson.Line(why) : null,
        Remaining = call is { Status: "pending", Deadline: { } deadline } ? Left(deadline - now) : null,
        Arguments = VisibleJson.Of(IndentedJson.Of(call.Arguments)),
        Stored = VisibleJson.Of(call.Arguments),
        Ascii = AsciiOf(call.Arguments),
        Meta = call.Meta is { } meta ? VisibleJson.Of(IndentedJson.Of(meta)) : null,
        MetaAscii = call.Meta is { } along ? AsciiOf(along) : null,
        Answers = call.InputResponses is { } given ? VisibleJson.Of(given) : null,
        Justification = call.Justification is { } claim ? UnverifiedText.Shown(claim) : null,
        Result = call.Result is { } result ? Cut(VisibleJson.Of(result)) : null,
    };

    private static string? AsciiOf(string json) => VisibleJson.Ascii(json) is var ascii && ascii != VisibleJson.Of(json) ? ascii : null;

    /// <summary>How long, in words.</summary>
    public static string Left(TimeSpan left) => left switch
    {
        { TotalSeconds: <= 0 } => "past",
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{left.Seconds} s left"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{left.Minutes} min {left.Seconds} s left"),
        { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{left.Hours} h {left.Minutes} min left"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{left.Days} d {left.Hours} h left"),
    };

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Cut(string text) =>
        text.Length <= MaxResult ? text : $"{text[..MaxResult]}\n… {text.Length - MaxResult} more characters; mcpgovern result prints them all";
}

/// <summary>What is around every page.</summary>
/// <param name="Up">The way to the root: <c>""</c> or <c>../</c>.</param>
/// <param name="Who">Who is logged in.</param>
/// <param name="Token">Goes into every form.</param>
public sealed record PageFrame(string Up, string? Who, string? Token);
