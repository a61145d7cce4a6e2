namespace McpGovern.Cli;

/// <summary>Writes files that may hold secrets, whole or not at all.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OnlyMine = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="IOException">There is such a file already, or it cannot be written.</exception>
    public static void Create(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OnlyMine;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Puts other content in the place of a file, which keeps its mode; who reads it meanwhile sees the one or the other.</summary>
    public static void Replace(string path, byte[] content)
    {
        var next = $"{path}.mcpgovern-new";
        Create(next, content);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(next, File.GetUnixFileMode(path));
            }

            File.Move(next, path, overwrite: true);
        }
        catch
        {
            File.Delete(next);
            throw;
        }
    }
}
