namespace McpGovern.Torture.PowerLoss;

/// <summary>
/// What files may look like after the power went: what was synced is there; of what was written since, anything may be, and the last
/// write may be torn. Nothing orders one file's writes against another's, which is stricter than real file systems are.
/// </summary>
/// <param name="honest">Whether a sync does what it says; the control is a disk on which it does nothing.</param>
internal sealed class Disk(bool honest)
{
    private const int Sector = 512;

    private readonly Dictionary<string, (byte[] Durable, List<Deed> Since)> files = new(StringComparer.Ordinal);

    /// <summary>The files as they were before the first deed, all of it durable.</summary>
    public void Start(string folder)
    {
        foreach (var file in Directory.GetFiles(folder))
        {
            files[Path.GetFileName(file)] = (File.ReadAllBytes(file), []);
        }
    }

    public void Do(Deed deed)
    {
        switch (deed)
        {
            case Deed.Wrote wrote:
                Of(wrote.File).Since.Add(deed);
                break;
            case Deed.Cut cut:
                Of(cut.File).Since.Add(deed);
                break;
            case Deed.Synced synced when honest:
                var (durable, since) = Of(synced.File);
                files[synced.File] = (since.Aggregate(durable, Apply), []);
                break;
        }
    }

    /// <summary>Writes one of the possible states.</summary>
    public void Lose(string folder, Random random)
    {
        foreach (var (name, (durable, since)) in files)
        {
            File.WriteAllBytes(Path.Combine(folder, name), Survivors(since, random).Aggregate(durable, Apply));
        }
    }

    private (byte[] Durable, List<Deed> Since) Of(string file) =>
        files.TryGetValue(file, out var known) ? known : files[file] = ([], []);

    private static IEnumerable<Deed> Survivors(List<Deed> since, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                return [];
            case 1:
                return since;
            case 2:
                return since.Take(random.Next(since.Count + 1));
            case 3:
                return since.Where(_ => random.Next(2) == 0).ToArray();
            default:
                var kept = since.Take(random.Next(since.Count + 1)).ToArray();
                return kept is [.. var before, Deed.Wrote last] ? [.. before, Torn(last, random)] : kept;
        }
    }

    private static Deed.Wrote Torn(Deed.Wrote write, Random random) => random.Next(2) == 0
        ? write with { Data = write.Data[..(Sector * random.Next(write.Data.Length / Sector + 1))] }
        : write with { Data = write.Data[..random.Next(write.Data.Length + 1)] };

    private static byte[] Apply(byte[] content, Deed deed)
    {
        switch (deed)
        {
            case Deed.Wrote(_, var offset, var data):
                var grown = new byte[Math.Max(content.Length, offset + data.Length)];
                content.CopyTo(grown, 0);
                data.CopyTo(grown, offset);
                return grown;
            case Deed.Cut(_, var length):
                var cut = new byte[length];
                Array.Copy(content, cut, Math.Min(content.Length, length));
                return cut;
            default:
                return content;
        }
    }
}
