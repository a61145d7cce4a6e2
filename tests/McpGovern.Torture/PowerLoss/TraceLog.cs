using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace McpGovern.Torture.PowerLoss;

/// <summary>Something that the writer did, in the order in which it did it.</summary>
internal abstract record Deed
{
    internal sealed record Wrote(string File, long Offset, byte[] Data) : Deed;

    internal sealed record Cut(string File, long Length) : Deed;

    /// <summary>It returned: what was written to the file before it began is on the disk.</summary>
    internal sealed record Synced(string File) : Deed;

    /// <summary>Somebody outside was told.</summary>
    internal sealed record Said(string Text) : Deed;
}

/// <summary>Reads what <c>strace -f -y -xx</c> wrote.</summary>
internal static partial class TraceLog
{
    public const string Calls = "lseek,write,pwrite64,ftruncate,fsync,fdatasync";

    /// <param name="folder">Only files in it count; writes to stdout are what was said.</param>
    public static IReadOnlyList<Deed> Read(IEnumerable<string> lines, string folder)
    {
        var deeds = new List<Deed>();
        var positions = new Dictionary<string, long>(StringComparer.Ordinal);
        var unfinished = new Dictionary<string, (string Name, string Args)>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (Begun().Match(line) is { Success: true } begun)
            {
                var (name, args) = (begun.Groups["name"].Value, begun.Groups["args"].Value);
                unfinished[begun.Groups["pid"].Value] = (name, args);
                // A write may be on the disk from its beginning on; a sync counts only when it has returned.
                if (!CountsAtItsEnd(name))
                {
                    Add(name, args, result: null);
                }
            }
            else if (Resumed().Match(line) is { Success: true } resumed && unfinished.Remove(resumed.Groups["pid"].Value, out var call))
            {
                if (CountsAtItsEnd(call.Name) && !resumed.Groups["result"].Value.StartsWith('-'))
                {
                    Add(call.Name, call.Args, resumed.Groups["result"].Value);
                }
            }
            else if (Whole().Match(line) is { Success: true } whole && !whole.Groups["result"].Value.StartsWith('-'))
            {
                Add(whole.Groups["name"].Value, whole.Groups["args"].Value, whole.Groups["result"].Value);
            }
        }

        return deeds;

        void Add(string name, string args, string? result)
        {
            if (DeedOf(name, args, result, folder, positions) is { } deed)
            {
                deeds.Add(deed);
            }
        }
    }

    private static bool CountsAtItsEnd(string name) => name is "fsync" or "fdatasync" or "lseek";

    private static Deed? DeedOf(string name, string args, string? result, string folder, Dictionary<string, long> positions)
    {
        if (Target().Match(args) is not { Success: true } target)
        {
            return null;
        }

        var (fd, rest) = (target.Groups["fd"].Value, target.Groups["rest"].Value);
        var file = Encoding.UTF8.GetString(Hex(target.Groups["file"].Value));
        if (!file.StartsWith(folder, StringComparison.Ordinal))
        {
            // The runtime writes to a pipe with another number for stdout, and to pipes of its own.
            return name == "write" && file.StartsWith("pipe:", StringComparison.Ordinal) && Encoding.ASCII.GetString(Bytes(rest)) is var said
                && said.Split(' ', '\n')[0] is "ack" or "ready" or "refused" ? new Deed.Said(said.TrimEnd()) : null;
        }

        file = Path.GetFileName(file);
        switch (name)
        {
            case "lseek":
                positions[fd] = Number(result!);
                return null;
            case "write":
                var data = Bytes(rest);
                var at = positions.GetValueOrDefault(fd);
                positions[fd] = at + data.Length;
                return new Deed.Wrote(file, at, data);
        }

        return name switch
        {
            "pwrite64" => new Deed.Wrote(file, Number(rest[(rest.LastIndexOf(',') + 1)..]), Bytes(rest)),
            "ftruncate" => new Deed.Cut(file, Number(rest)),
            _ => new Deed.Synced(file),
        };
    }

    private static long Number(string text) => long.Parse(text.Trim(), CultureInfo.InvariantCulture);

    private static byte[] Bytes(string args)
    {
        var quoted = args[(args.IndexOf('"', StringComparison.Ordinal) + 1)..args.LastIndexOf('"')];
        return Hex(quoted);
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace("\\x", "", StringComparison.Ordinal));

    [GeneratedRegex(@"^(?<pid>\d+)\s+(?<name>\w+)\((?<args>.*) <unfinished \.\.\.>$")]
    private static partial Regex Begun();

    [GeneratedRegex(@"^(?<pid>\d+)\s+<\.\.\. \w+ resumed>.*\)\s*= (?<result>-?\d+)")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<pid>\d+)\s+(?<name>\w+)\((?<args>.*)\)\s*= (?<result>-?\d+)")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^(?<fd>\d+)(<(?<file>[^>]*)>(\(deleted\))?)?(, ?)?(?<rest>.*)$")]
    private static partial Regex Target();
}
