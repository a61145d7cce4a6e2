using System.CommandLine;
using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Looks at the settings and tries everything in them; exit code 0, 1 where something fails, 2 where the settings cannot be read.</summary>
internal static class DoctorVerb
{
    public static Command Build()
    {
        var command = new Command("doctor", "Try the settings: policy, store and every server, one line each") { SharedOptions.Settings, SharedOptions.Store, SharedOptions.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var loaded = SettingsLoad.Load(SettingsSources.OfProcess(), parsed.GetValue(SharedOptions.Settings), SharedOptions.Flags(parsed));
        var findings = loaded.Errors.Select(error => Of(error, "fail")).Concat(loaded.Warnings.Select(warning => Of(warning, "warn"))).ToList();
        if (loaded.Settings is { } settings)
        {
            findings.Insert(0, Finding.Ok("settings", settings.Path ?? "environment and options alone"));
            findings.AddRange(await Examination.RunAsync(settings, ct));
        }

        var ok = !findings.Any(finding => finding.IsFailure);
        Console.Out.Write(parsed.GetValue(SharedOptions.Json)
            ? VerbOutput.Json(new { Ok = ok, Findings = findings.Select(f => new { f.Status, f.Subject, f.Detail, f.Cure, f.ProtocolVersion, f.Tools }) })
            : string.Concat(findings.Select(finding => $"{finding}\n")));
        return loaded.Settings is null ? 2 : ok ? 0 : 1;
    }

    private static Finding Of(Diagnostic diagnostic, string status) =>
        new(status, "settings", $"{diagnostic.File}{(diagnostic.Line > 0 ? $":{diagnostic.Line}" : "")}: {diagnostic.Problem}", diagnostic.Cure);
}
