using System.Net;
using System.Text.Json.Nodes;

namespace McpGovern.Tests.Crashes;

/// <summary>Somebody who decides, cancels and looks through one server's REST interface.</summary>
internal sealed class RestDecider(Uri server, string person) : IDisposable
{
    private readonly HttpClient http = CrashWorld.ClientOf(server, person);

    /// <returns>The answer's word: <c>recorded</c>, or why not.</returns>
    public Task<string> ApproveAsync(string callId) => AskAsync("approve", callId);

    public async Task<string> ReadStatusAsync(string callId)
    {
        using var answer = await http.GetAsync(new Uri($"/api/v1/calls/{callId}", UriKind.Relative));
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["status"]!;
    }

    public async Task<string> AskAsync(string verb, string callId)
    {
        while (true)
        {
            using var answer = await http.PostAsync(new Uri($"/api/v1/calls/{callId}/{verb}", UriKind.Relative), null);
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            var word = (string)(body["answer"] ?? body["code"])!;
            if (word is not "busy")
            {
                Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, body.ToJsonString());
                return word;
            }
        }
    }

    /// <returns>The answer's word, and what it says to people; also where the store is away.</returns>
    public async Task<(string Word, string? Detail)> TryAsync(string verb, string callId)
    {
        using var answer = await http.PostAsync(new Uri($"/api/v1/calls/{callId}/{verb}", UriKind.Relative), null);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return ((string)(body["answer"] ?? body["code"])!, (string?)body["detail"]);
    }

    public void Dispose() => http.Dispose();
}
