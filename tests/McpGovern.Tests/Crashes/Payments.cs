namespace McpGovern.Tests.Crashes;

internal enum Intent
{
    Approve,
    Reject,
    LeaveAlone,
}

/// <summary>Payments say by their names what people will decide about them.</summary>
internal static class Payments
{
    public static Intent IntentOf(string payment) => payment.Split('-')[0] switch
    {
        "pay" => Intent.Approve,
        "refuse" => Intent.Reject,
        _ => Intent.LeaveAlone,
    };

    /// <summary>Five for each life of a serving process: four to run, one that must not.</summary>
    public static IEnumerable<string> OfLife(int life) =>
        Enumerable.Range(1, 4).Select(n => $"pay-{life}-{n}").Append(life % 2 == 0 ? $"refuse-{life}" : $"leave-{life}");
}
