using McpGovern.Calls;
using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>A policy set and since when it is in force.</summary>
internal sealed record ActivePolicy(PolicySet Set, DateTimeOffset ActivatedAt);

/// <summary>What a look at the files brought: a new set, faults, or nothing.</summary>
internal sealed record ReloadResult(bool Changed, IReadOnlyList<Diagnostic> Errors, IReadOnlyList<Diagnostic> Warnings);

/// <summary>Holds the set in force. A reload swaps it whole or, with any fault in any file, not at all.</summary>
internal sealed class PolicySource(PolicySet initial, IReadOnlyList<PolicyInput> inputs, TimeProvider time)
{
    private static readonly ReloadResult Nothing = new(false, [], []);
    private readonly Lock reloading = new();
    private volatile ActivePolicy current = new(initial, time.GetUtcNow());
    private string seen = Fingerprint(inputs);

    public ActivePolicy Current => current;

    /// <summary>Reads again what has changed since the last look. The same broken file is told once.</summary>
    public ReloadResult ReloadIfChanged()
    {
        lock (reloading)
        {
            var now = Fingerprint(inputs);
            if (now == seen)
                return Nothing;
            seen = now;
            var readings = inputs.Select(i => i.Read()).ToArray();
            var errors = readings.SelectMany(r => r.Errors).ToArray();
            var warnings = readings.SelectMany(r => r.Warnings).ToArray();
            if (readings.Any(r => r.File is null))
                return new(false, errors, warnings);
            var set = PolicySet.Create([.. readings.Select(r => r.File!)]);
            if (set.Digest == current.Set.Digest)
                return new(false, [], warnings);
            FaultPoints.At(FaultPoint.ReloadBeforeSwap);
            current = new(set, time.GetUtcNow());
            FaultPoints.At(FaultPoint.ReloadSwapped);
            return new(true, [], warnings);
        }
    }

    /// <summary>Contents, not time stamps: an editor's save may keep the size and fall into the same tick. Files are small.</summary>
    private static string Fingerprint(IReadOnlyList<PolicyInput> inputs) =>
        string.Join('\n', inputs.Select(i => i.Path is null ? "" : Fingerprint(i.Path)));

    private static string Fingerprint(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fault.GetType().Name;
        }
    }
}
