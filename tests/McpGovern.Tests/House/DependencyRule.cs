namespace McpGovern.Tests.House;

/// <summary>Who must not name what, in the words of the style guide.</summary>
internal sealed record DependencyRule(string Says, Func<string, bool> Binds, Func<TypeUse, bool> Forbids)
{
    private static readonly string[] Edges = ["McpGovern.Cli", "McpGovern.ConsolePages", "McpGovern.Server"];
    private static readonly string[] Features = ["McpGovern.Calls", "McpGovern.Policy", "McpGovern.Upstreams", "McpGovern.Storage", "McpGovern.Audit"];

    /// <summary>The machinery that could make a rule depend on anything but its arguments.</summary>
    private static readonly string[] World =
    [
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.RandomAccess",
        "System.IO.StreamReader", "System.IO.StreamWriter", "System.IO.Pipes", "System.IO.MemoryMappedFiles", "System.Net", "System.Console",
        "System.Environment", "System.Random", "System.TimeProvider", "System.Diagnostics.Process", "System.Diagnostics.Stopwatch",
        "System.Threading", "System.Security.Cryptography.RandomNumberGenerator", "Microsoft.Win32",
    ];

    /// <summary>Values that live among the machinery: an address is only compared.</summary>
    private static readonly string[] Values = ["System.Net.IPAddress", "System.Net.IPNetwork", "System.Net.Sockets.AddressFamily"];

    public static readonly DependencyRule
        CoreIsPure = new(
            "Core does no I/O and knows no time, chance or task",
            _ => true,
            use => StartsWithAny(use.Used, World) && !Values.Contains(use.Used)),
        DatabasesInStorage = new(
            "only Storage names Npgsql or SQLite",
            user => !IsUnder(user, "McpGovern.Storage"),
            use => StartsWithAny(use.Assembly, ["Npgsql", "Microsoft.Data.Sqlite", "SQLitePCLRaw"])),
        McpAtTheWire = new(
            "only Server, Upstreams and Wire name MCP SDK types",
            user => !StartsWithAny(user, ["McpGovern.Server", "McpGovern.Upstreams", "McpGovern.Wire"]),
            use => StartsWithAny(use.Assembly, ["ModelContextProtocol"])),
        PagesKnowNoOtherDoor = new(
            "the console calls feature folders, and the server that hosts it is not one",
            user => IsUnder(user, "McpGovern.ConsolePages"),
            use => StartsWithAny(use.Used, ["McpGovern.Cli", "McpGovern.Server", "McpGovern.Settings", "McpGovern.Upstreams"])),
        FeaturesKnowNoDoor = new(
            "feature folders never name Cli, Console or Server",
            user => StartsWithAny(user, Features),
            use => StartsWithAny(use.Used, Edges));

    public IEnumerable<string> BrokenBy(IEnumerable<TypeUse> uses) =>
        uses.Where(use => Binds(use.User) && Forbids(use)).Select(use => $"{use}, but {Says}").Order();

    private static bool StartsWithAny(string name, IEnumerable<string> places) => places.Any(place => IsUnder(name, place));

    private static bool IsUnder(string name, string place) => name == place || name.StartsWith(place + ".", StringComparison.Ordinal);
}
