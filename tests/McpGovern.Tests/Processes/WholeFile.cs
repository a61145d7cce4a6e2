namespace McpGovern.Tests.Processes;

/// <summary>A file that others read meanwhile.</summary>
internal static class WholeFile
{
    /// <summary>They find the old text or the new one, and nothing between.</summary>
    public static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }
}
