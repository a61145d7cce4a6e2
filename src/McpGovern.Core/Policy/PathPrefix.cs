namespace McpGovern.Policy;

/// <summary>A folder that a path argument has to lie in, judged by the words alone: links are not followed.</summary>
internal sealed class PathPrefix
{
    private readonly string[] folder;
    private readonly bool drive;

    private PathPrefix(string[] folder, bool drive) => (this.folder, this.drive) = (folder, drive);

    /// <summary>Null when the folder is not an absolute path.</summary>
    public static PathPrefix? Parse(string folder) =>
        Segments(folder, bothSeparators: true) is { } segments ? new(segments, IsDrive(folder)) : null;

    public Truth Contains(string path)
    {
        if (drive != IsDrive(path) || (drive && HasWindowsTrap(path)))
            return Truth.Unknown;
        var answer = Contains(path, bothSeparators: true, ignoreCase: drive);
        // Whether a backslash separates, and whether case counts, is known to the file system only.
        var certain = answer != Truth.Unknown
            && (drive || answer == Contains(path, bothSeparators: false, ignoreCase: false))
            && answer == Contains(path, bothSeparators: true, ignoreCase: true);
        return certain ? answer : Truth.Unknown;
    }

    private Truth Contains(string path, bool bothSeparators, bool ignoreCase)
    {
        if (Segments(path, bothSeparators) is not { } segments)
            return Truth.Unknown;
        var comparer = ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        return Truths.Of(segments.Take(folder.Length).SequenceEqual(folder, comparer));
    }

    private static string[]? Segments(string path, bool bothSeparators)
    {
        // Two leading separators name a machine on Windows and the root elsewhere.
        if (path.Contains('\0', StringComparison.Ordinal)
            || !(IsDrive(path) || (path.StartsWith('/') && !(path.Length > 1 && path[1] is '/' or '\\'))))
            return null;
        var kept = new List<string>();
        var first = IsDrive(path) ? 1 : 0;
        foreach (var segment in path.Split(bothSeparators ? ['/', '\\'] : ['/'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment != ".." && segment != ".")
                kept.Add(segment);
            else if (segment == ".." && kept.Count > first)
                kept.RemoveAt(kept.Count - 1);
        }
        return [.. kept];
    }

    private static bool IsDrive(string path) =>
        path.Length >= 3 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] is '/' or '\\';

    /// <summary>Windows drops trailing dots and blanks, and knows streams and short names.</summary>
    private static bool HasWindowsTrap(string path) => path[2..].Split('/', '\\').Any(segment =>
        segment is not ("" or "." or "..") && (segment[^1] is '.' or ' ' || segment.AsSpan().ContainsAny(':', '~')));
}
