namespace McpGovern.Tests.House;

/// <summary>The checked-out repository that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] NotOurs = ["bin", "obj", "node_modules", "TestResults", ".git"];

    public static string Root { get; } = FindRoot();

    public static string File(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>Paths relative to the root, with <c>/</c>.</summary>
    public static IEnumerable<string> SourceFiles(params IEnumerable<string> folders) =>
        from folder in folders
        from file in Directory.EnumerateFiles(File(folder), "*.cs", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, file).Replace('\\', '/')
        where !relative.Split('/').Any(NotOurs.Contains)
        select relative;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("McpGovern.sln").Any())
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no McpGovern.sln above {AppContext.BaseDirectory}");
    }
}
