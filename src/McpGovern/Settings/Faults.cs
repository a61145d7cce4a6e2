namespace McpGovern.Settings;

/// <summary>Collects what is wrong with one file, so that everything can be told at once.</summary>
internal sealed class Faults
{
    private readonly string label;
    private readonly List<Diagnostic> errors;
    private readonly List<Diagnostic> warnings;

    public Faults(string file) : this(file, "", [], []) { }

    private Faults(string file, string label, List<Diagnostic> errors, List<Diagnostic> warnings) =>
        (File, this.label, this.errors, this.warnings) = (file, label, errors, warnings);

    public string File { get; }

    /// <summary>In the order of the file, however the reading went.</summary>
    public IReadOnlyList<Diagnostic> Errors => [.. errors.OrderBy(e => e.File == File ? e.Line : int.MaxValue)];

    public IReadOnlyList<Diagnostic> Warnings => [.. warnings.OrderBy(w => w.Line)];

    /// <summary>The same collection; what is added names the part of the file that it is about.</summary>
    public Faults Within(string part) => new(File, $"{label}{part}: ", errors, warnings);

    /// <summary>The same collection, for what stands in another place.</summary>
    public Faults At(string place) => new(place, "", errors, warnings);

    public void Error(int line, string problem, string cure) => errors.Add(new(File, line, label + problem, cure));

    public void Error(Node node, string problem, string cure) => Error(node.Line, problem, cure);

    public void Warn(int line, string problem, string cure) => warnings.Add(new(File, line, label + problem, cure));

    public void AddFrom(IEnumerable<Diagnostic> otherErrors, IEnumerable<Diagnostic> otherWarnings)
    {
        errors.AddRange(otherErrors);
        warnings.AddRange(otherWarnings);
    }
}
