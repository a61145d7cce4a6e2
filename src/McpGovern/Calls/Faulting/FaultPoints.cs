using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using McpGovern.Storage;

namespace McpGovern.Calls;

/// <summary>
/// What the test suite does to a process at a named place: <c>MCPGOVERN_TEST_FAULT=NAME:NTH:kill|throw|delay|stall|hang</c>, or
/// <c>record:FOLDER</c>, which leaves a file for every place that was reached; several with <c>;</c> between them. Without the variable
/// nothing is ever done.
/// </summary>
internal static class FaultPoints
{
    public const string Variable = "MCPGOVERN_TEST_FAULT";
    private const string Record = "record";
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2), Stall = TimeSpan.FromSeconds(6);

    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<FaultPoint>().Select(NameOf)];

    // After the names, which reading it needs.
    private static readonly Plan[]? Asked = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? [.. text.Split(';').Select(Plan.Read)] : null;

    /// <summary>What is wrong with the variable, if it is set.</summary>
    public static string? WhyNot => Asked?.Any(plan => plan.Action is null) == true
        ? $"{Variable} is not one of {Record}:FOLDER or NAME:NTH:kill|throw|delay|stall|hang, with NAME one of {string.Join(", ", Names)}"
        : null;

    public static void At(FaultPoint point)
    {
        if (Asked is not null)
        {
            Array.ForEach(Asked, plan => plan.Meet(NameOf(point)));
        }
    }

    private static string NameOf(FaultPoint point) => JsonNamingPolicy.SnakeCaseLower.ConvertName(point.ToString());

    private sealed record Plan(string? Action, string Folder, string Name, int Nth)
    {
        private int met;

        public static Plan Read(string text) => text.Split(':', 2) is [Record, { Length: > 0 } folder]
            ? new(Record, folder, "", 0)
            : text.Split(':') is [var name, var count, "kill" or "throw" or "delay" or "stall" or "hang"]
                && Names.Contains(name) && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var nth) && nth > 0
            ? new(text[(text.LastIndexOf(':') + 1)..], "", name, nth)
            : new(null, "", "", 0);

        public void Meet(string name)
        {
            if (Action == Record)
            {
                File.WriteAllText(Path.Combine(Folder, name), "");
            }
            else if (name == Name && Interlocked.Increment(ref met) == Nth)
            {
                Act();
            }
        }

        private void Act()
        {
            switch (Action)
            {
                case "kill":
                    Process.GetCurrentProcess().Kill();
                    Thread.Sleep(Timeout.Infinite);
                    break;
                case "throw":
                    // After an append it is the answer that is lost.
                    throw new StoreUnavailableException($"a test asked for a fault at {Name}") { InDoubt = Name.EndsWith("_appended", StringComparison.Ordinal) };
                case "delay":
                    Thread.Sleep(Delay);
                    break;
                case "stall":
                    Thread.Sleep(Stall);
                    break;
                case "hang":
                    Thread.Sleep(Timeout.Infinite);
                    break;
            }
        }
    }
}
