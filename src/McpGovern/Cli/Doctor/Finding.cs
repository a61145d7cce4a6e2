namespace McpGovern.Cli;

/// <summary>One line of <c>doctor</c>.</summary>
/// <param name="Status"><c>ok</c>, <c>warn</c> or <c>fail</c>.</param>
/// <param name="Subject">What was looked at, such as <c>server files</c>.</param>
/// <param name="Cure">What to do; null where nothing is to be done.</param>
internal sealed record Finding(string Status, string Subject, string Detail, string? Cure = null)
{
    /// <summary>What the server speaks; for servers that answered.</summary>
    public string? ProtocolVersion { get; init; }

    public int? Tools { get; init; }

    public bool IsFailure => Status == "fail";

    public static Finding Ok(string subject, string detail) => new("ok", subject, detail);

    public static Finding Warn(string subject, string detail, string cure) => new("warn", subject, detail, cure);

    public static Finding Fail(string subject, string detail, string cure) => new("fail", subject, detail, cure);

    public override string ToString() => Printed.Line($"{Status,-5} {Subject}: {Detail}{(Cure is null ? "" : $"; {Cure}")}");
}
