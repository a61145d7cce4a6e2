using System.Net.Http.Json;
using McpGovern.Tests.Crashes;

namespace McpGovern.Torture.Grounds;

/// <summary>An operator at one server's REST interface.</summary>
internal sealed class RestFreezer(Uri server) : IDisposable
{
    private const string Path = "/api/v1/freezes";
    private readonly HttpClient http = CrashWorld.ClientOf(server, CrashWorld.Operator);

    /// <summary>Returns when it is acknowledged.</summary>
    public async Task FreezeAsync(string kind, string? name)
    {
        using var answer = await http.PostAsJsonAsync(Path, new { kind, name, comment = "a drill" });
        await CheckAsync(answer);
    }

    public async Task UnfreezeAsync(string kind, string? name)
    {
        var named = name is null ? "" : $"&name={Uri.EscapeDataString(name)}";
        using var answer = await http.DeleteAsync(new Uri($"{Path}?kind={kind}{named}", UriKind.Relative));
        await CheckAsync(answer);
    }

    public void Dispose() => http.Dispose();

    private static async Task CheckAsync(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        }
    }
}
