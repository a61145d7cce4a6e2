namespace McpGovern.Torture;

/// <summary>What a storm did, and what it found wrong. Several lanes may write to it.</summary>
internal sealed class Tally
{
    private const int MostKept = 20;

    private readonly Lock turn = new();
    private readonly List<string> wrong = [];
    private readonly SortedDictionary<string, long> notes = new(StringComparer.Ordinal);

    public int Done { get; private set; }

    public long Violations { get; private set; }

    public IReadOnlyList<string> Wrong => wrong;

    public IReadOnlyDictionary<string, long> Notes => notes;

    public void Count(int by = 1)
    {
        lock (turn)
        {
            Done += by;
        }
    }

    public void Note(string what, long by = 1) => Change(what, was => was + by);

    public void NoteMost(string what, long value) => Change(what, was => Math.Max(was, value));

    public void Violation(string what)
    {
        lock (turn)
        {
            Violations++;
            if (wrong.Count < MostKept)
            {
                wrong.Add(what);
            }
        }
    }

    private void Change(string what, Func<long, long> change)
    {
        lock (turn)
        {
            notes[what] = change(notes.GetValueOrDefault(what));
        }
    }
}
