using System.CommandLine;
using System.Net;
using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>Asks the server of these settings, on this machine, whether it is ready: a container's health check, where there is no curl.</summary>
internal static class HealthVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static Command Build()
    {
        var command = new Command("health", "Ask the server that listens here whether it is ready; exit code 0 or 1") { SharedOptions.Listen, SharedOptions.Settings, SharedOptions.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var (listen, faults) = SettingsLoad.LoadListen(SettingsSources.OfProcess(), parsed.GetValue(SharedOptions.Settings), SharedOptions.Flags(parsed));
        if (listen is null)
        {
            return PolicyVerbs.Print(VerbOutput.Wrong(faults.Errors));
        }

        var ready = Ready(listen);
        var (ok, detail) = await AskAsync(ready, ct);
        return PolicyVerbs.Print(new(
            parsed.GetValue(SharedOptions.Json) ? VerbOutput.Json(new { Ok = ok, Url = ready, Detail = detail }) : $"{ready}: {Printed.Line(detail)}\n", "", ok ? 0 : 1));
    }

    /// <summary>A server that listens on every address is asked on this machine's own.</summary>
    internal static Uri Ready(Uri listen) => new UriBuilder(listen)
    {
        Host = IPAddress.TryParse(listen.Host.Trim('[', ']'), out var address)
            ? address.Equals(IPAddress.Any) ? "127.0.0.1" : address.Equals(IPAddress.IPv6Any) ? "[::1]" : listen.Host
            : listen.Host,
        Path = "/readyz",
    }.Uri;

    private static async Task<(bool Ok, string Detail)> AskAsync(Uri ready, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = 4096,
        };
        try
        {
            using var answer = await http.GetAsync(ready, ct);
            return (answer.StatusCode == HttpStatusCode.OK, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(ct)}");
        }
        catch (HttpRequestException e)
        {
            return (false, e.Message);
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return (false, $"no answer within {Patience.TotalSeconds} s");
        }
    }
}
