using System.Text.Json;

namespace McpGovern.Tests.Processes;

/// <summary>A folder of one test's own, gone afterwards.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mcpgovern-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(File(name))!);
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Replace(string name, string text) => WholeFile.Replace(File(name), text);

    /// <summary>Settings may be JSON, which spares the tests a YAML writer.</summary>
    public string WriteJson(string name, object value) => Write(name, JsonSerializer.Serialize(value));

    public void Dispose()
    {
        // A process that was just killed may still be making files.
        for (var attempt = 1; Directory.Exists(Path); attempt++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (IOException) when (attempt < 20)
            {
                Thread.Sleep(50);
            }
        }
    }
}
