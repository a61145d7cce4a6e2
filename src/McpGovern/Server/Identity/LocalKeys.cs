using System.Security.Cryptography;
using System.Text.Json;
using McpGovern.Calls;

namespace McpGovern.Server;

/// <summary>The two keys of a gateway without actors, stable in a file that only its user can read.</summary>
/// <param name="AreNew">This process made them, and should tell its user.</param>
internal sealed record LocalKeys(IReadOnlyList<ActorEntry> Entries, bool AreNew)
{
    private const string Agent = "agent:local";

    private const UnixFileMode OnlyMine = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="storeFile">The SQLite store's path, or <c>null</c> where the store is no file.</param>
    public static string PathFor(string? storeFile) => storeFile is null
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "mcpgovern", "keys.json")
        : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(storeFile))!, "mcpgovern-keys.json");

    /// <exception cref="IOException">The file cannot be made or read, is readable by others, or is not ours; the message says what to do.</exception>
    public static async Task<LocalKeys> OpenAsync(string path, string osUser, CancellationToken ct)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            CreateFolder(folder);
        }

        // Opening locks: of two processes that start at once, one makes the keys and the other waits and reads them.
        await using var file = await LockAsync(path, ct);
        if (file.Length == 0)
        {
            var made = new Dictionary<string, string> { [Agent] = NewKey(), [osUser] = NewKey() };
            await JsonSerializer.SerializeAsync(file, made, Indented, ct);
            file.Flush(flushToDisk: true);
            return new(EntriesOf(made), AreNew: true);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & ~OnlyMine) != 0)
        {
            throw new IOException($"the keys in {path} can be read by others; delete it, and start again to get new ones");
        }

        return new(EntriesOf(await ReadAsync(file, path, ct)), AreNew: false);
    }

    private static async Task<Dictionary<string, string>> ReadAsync(FileStream file, string path, CancellationToken ct)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<Dictionary<string, string>>(file, cancellationToken: ct) ?? [];
        }
        catch (JsonException e)
        {
            throw new IOException($"the keys in {path} cannot be read; delete it, and start again to get new ones", e);
        }
    }

    private static async Task<FileStream> LockAsync(string path, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OnlyMine;
        }

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException) when (attempt < 250)
            {
                await Task.Delay(Pause, ct);
            }
        }
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OnlyMine | UnixFileMode.UserExecute);
        }
    }

    private static List<ActorEntry> EntriesOf(Dictionary<string, string> keys) =>
        [.. keys.Select(pair => new ActorEntry(pair.Key, pair.Key == Agent ? Roles.Caller : Roles.All, [], pair.Value))];

    private static string NewKey() => "mgk_" + RandomNumberGenerator.GetHexString(48, lowercase: true);
}
