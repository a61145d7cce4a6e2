using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace McpGovern.Tests.ConsolePages;

/// <summary>A browser as far as the pages need one: cookies, forms, and redirects that a test looks at.</summary>
internal sealed partial class ConsoleVisitor : IDisposable
{
    private readonly Func<Uri> _address;
    private readonly HttpClient _http;

    public ConsoleVisitor(Func<Uri> address)
    {
        _address = address;
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = Cookies });
    }

    public CookieContainer Cookies { get; } = new();

    public static string TokenIn(string html) => TokenField().Match(html) is { Success: true } match ? match.Groups[1].Value : throw new InvalidDataException($"no token in {html}");

    public Task<Page> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(new(HttpMethod.Get, new Uri(_address(), path)), headers);

    public Task<Page> PostAsync(string path, Dictionary<string, string> fields, params (string Name, string Value)[] headers) =>
        SendAsync(new(HttpMethod.Post, new Uri(_address(), path)) { Content = new FormUrlEncodedContent(fields) }, headers);

    public async Task<Page> LoginAsync(string key, string to = "approvals") =>
        await PostAsync("/login", new() { ["token"] = TokenIn((await GetAsync("/login")).Html), ["to"] = to, ["key"] = key });

    /// <summary>Sends the form of the call's page as a person would.</summary>
    public async Task<Page> DecideAsync(string callId, string decision, string comment = "", params (string Name, string Value)[] changes)
    {
        var card = await GetAsync($"/approvals/{callId}");
        var fields = new Dictionary<string, string>
        {
            ["token"] = TokenIn(card.Html),
            ["expected_hash"] = HashField().Match(card.Html).Groups[1].Value,
            ["comment"] = comment,
            ["decision"] = decision,
        };
        foreach (var (name, value) in changes)
        {
            fields[name] = value;
        }

        return await PostAsync($"/approvals/{callId}", fields);
    }

    public async Task<Page> SendAsync(HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        using (request)
        {
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _http.SendAsync(request);
            return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Location?.OriginalString,
                response.Headers, response.Content.Headers.ContentType?.MediaType);
        }
    }

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("name=\"token\" value=\"([^\"]+)\"")]
    private static partial Regex TokenField();

    [GeneratedRegex("name=\"expected_hash\" value=\"([^\"]+)\"")]
    private static partial Regex HashField();
}

/// <param name="Location">As it was sent.</param>
internal sealed record Page(int Status, string Html, string? Location, HttpResponseHeaders Headers, string? MediaType)
{
    /// <summary>As a reader sees it, more or less.</summary>
    public string Text => WebUtility.HtmlDecode(Html);

    public bool HasButton(string decision) => Html.Contains($"value=\"{decision}\"", StringComparison.Ordinal);
}
