namespace McpGovern.Tests.Processes;

/// <summary>This assembly started again, in one of the roles that its Program knows.</summary>
internal static class ChildRole
{
    /// <summary>The running dotnet host and this assembly.</summary>
    public static (string Command, string[] Args) CommandLine(string role, params string[] options) =>
        (Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
            [typeof(ChildRole).Assembly.Location, role, .. options]);
}
