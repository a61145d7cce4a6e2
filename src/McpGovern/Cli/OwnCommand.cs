namespace McpGovern.Cli;

/// <summary>How this very program is started again.</summary>
internal static class OwnCommand
{
    public static (string Program, string[] Args) Line(params IEnumerable<string> arguments)
    {
        var host = Environment.ProcessPath!;
        return (host, Path.GetFileNameWithoutExtension(host) == "dotnet" ? [typeof(OwnCommand).Assembly.Location, .. arguments] : [.. arguments]);
    }
}
