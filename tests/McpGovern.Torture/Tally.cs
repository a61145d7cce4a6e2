namespace McpGovern.Torture;

/// <summary>What a storm did, and what it found wrong.</summary>
internal sealed class Tally
{
    private const int MostKept = 20;

    private readonly List<string> wrong = [];
    private readonly SortedDictionary<string, long> notes = new(StringComparer.Ordinal);

    public int Done { get; private set; }

    public long Violations { get; private set; }

    public IReadOnlyList<string> Wrong => wrong;

    public IReadOnlyDictionary<string, long> Notes => notes;

    public void Count(int by = 1) => Done += by;

    public void Note(string what, long by = 1) => notes[what] = notes.GetValueOrDefault(what) + by;

    public void Violation(string what)
    {
        Violations++;
        if (wrong.Count < MostKept)
        {
            wrong.Add(what);
        }
    }
}
