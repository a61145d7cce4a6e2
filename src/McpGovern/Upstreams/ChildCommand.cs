namespace McpGovern.Upstreams;

/// <summary>Finds the program an upstream's <c>command</c> means, before anything is started.</summary>
internal static class ChildCommand
{
    /// <summary>The absolute path, or null when there is no such program. Never a shell, never the working directory unless it is named.</summary>
    public static string? Find(string command, string? path, string workingDirectory)
    {
        if (command.Contains('/') || (OperatingSystem.IsWindows() && command.Contains('\\')))
            return Candidates(Path.GetFullPath(command, workingDirectory)).FirstOrDefault(IsProgram);

        return (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .SelectMany(folder => Candidates(Path.Combine(folder, command)))
            .FirstOrDefault(IsProgram);
    }

    // On Windows `npx` is `npx.cmd`, which the system starts through cmd.exe: its arguments come from the operator's file alone.
    private static IEnumerable<string> Candidates(string file) => OperatingSystem.IsWindows() && !Path.HasExtension(file)
        ? (Environment.GetEnvironmentVariable("PATHEXT") ?? ".EXE;.CMD;.BAT").Split(';').Select(extension => file + extension)
        : [file];

    private static bool IsProgram(string file) => File.Exists(file)
        && (OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
