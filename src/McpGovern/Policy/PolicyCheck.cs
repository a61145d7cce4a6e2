using McpGovern.Calls;
using McpGovern.Settings;

namespace McpGovern.Policy;

/// <summary>One file's part of <c>policy check</c>.</summary>
internal sealed record CheckedPolicy(string File, int Tests, IReadOnlyList<Diagnostic> Errors, IReadOnlyList<Diagnostic> Warnings);

/// <summary><c>policy check</c>: reads files and runs their test cases, inside and in <c>NAME.tests.yaml</c> beside.</summary>
internal static class PolicyCheck
{
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    /// <param name="files">As they were named.</param>
    /// <param name="workingDirectory">What the names are relative to.</param>
    /// <param name="json">Print JSON.</param>
    public static VerbOutput Run(IReadOnlyList<string> files, string workingDirectory, bool json)
    {
        var all = files.Select(f => PolicyOf(f, workingDirectory)).Distinct().Select(f => Check(f, workingDirectory)).ToArray();
        var code = all.Length > 0 && all.All(c => c.Errors.Count == 0) ? 0 : 2;
        if (json)
            return new(VerbOutput.Json(new { Ok = code == 0, Files = all }), "", code);
        var fine = all.Where(c => c.Errors.Count == 0).Select(c => $"{c.File}: ok, {c.Tests} {(c.Tests == 1 ? "test" : "tests")}\n");
        var wrong = all.SelectMany(c => c.Errors.Concat(c.Warnings.Select(w => w with { Problem = $"warning: {w.Problem}" })));
        return new(string.Concat(fine), VerbOutput.Lines(wrong), code);
    }

    public static CheckedPolicy Check(string file, string workingDirectory)
    {
        var reading = PolicyFileReader.Read(Path.GetFullPath(file, workingDirectory), file);
        var errors = reading.Errors.ToList();
        var tests = reading.File?.Tests.ToList() ?? [];
        foreach (var beside in TestFiles(file).Where(f => File.Exists(Path.GetFullPath(f, workingDirectory))))
        {
            var faults = new Faults(beside);
            tests.AddRange(PolicyTestReader.Read(DocumentReader.ReadFile(Path.GetFullPath(beside, workingDirectory), faults), faults));
            errors.AddRange(faults.Errors);
        }
        if (reading.File is null)
            return new(file, tests.Count, errors, reading.Warnings);
        errors.AddRange(Failures(reading.File, tests));
        return new(file, tests.Count, errors, [.. reading.Warnings, .. Effectless(reading.File, tests)]);
    }

    // Such a call would be refused: either the test's arguments are not what callers send, or the path is misspelt.
    private static IEnumerable<Diagnostic> Effectless(PolicyFile file, IEnumerable<PolicyTest> tests)
    {
        var set = PolicySet.Create([file]);
        foreach (var test in tests.Where(t => t.Expect != Verdict.Deny))
        {
            var call = PolicyCall.Named(test.Call, test.ArgumentsJson);
            if (set.TraitsOf(call.Server, call.Tool, call.OnlyUpstream).Effect is { } effect
                && CallEffect.Of(effect, "", "", test.ArgumentsJson).Fault is { } fault)
                yield return At(test, $"test '{test.Call}': the effect '{effect}' cannot be told: {fault}", "give the test that argument, or correct the path");
        }
    }

    public static IEnumerable<Diagnostic> Failures(PolicyFile file, IReadOnlyList<PolicyTest> tests) =>
        PolicyCases.Failed(PolicySet.Create([file]), tests).Select(Failure);

    private static Diagnostic Failure(FailedCase failed)
    {
        var (test, decision) = failed;
        return At(
            test,
            $"test '{test.Call}': expected {test.Expect.Word()}, got {decision.Verdict.Word()} "
                + $"({decision.Source}: {decision.Reason ?? decision.Rule})",
            "change the policy or the test");
    }

    private static Diagnostic At(PolicyTest test, string problem, string cure)
    {
        var colon = test.Source.LastIndexOf(':');
        return new(test.Source[..colon], int.TryParse(test.Source.AsSpan(colon + 1), out var line) ? line : 0, problem, cure);
    }

    /// <summary>A shell's <c>policies/*.yaml</c> names the test files too; each stands for the policy that it tests.</summary>
    private static string PolicyOf(string file, string workingDirectory)
    {
        var stem = Path.ChangeExtension(file, null);
        return !stem.EndsWith(".tests", StringComparison.Ordinal)
            ? file
            : Extensions.Select(e => stem[..^".tests".Length] + e)
                .FirstOrDefault(f => File.Exists(Path.GetFullPath(f, workingDirectory))) ?? file;
    }

    private static IEnumerable<string> TestFiles(string file) => Extensions.Select(e => Path.ChangeExtension(file, null) + ".tests" + e);
}
