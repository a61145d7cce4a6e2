using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Tests.Processes;

namespace McpGovern.Tests.Clients;

/// <summary>A public TypeScript client in its own process, one operation at a time (client.mjs).</summary>
internal sealed class NodeClient : IAsyncDisposable
{
    private readonly ChildProcess process;
    private readonly StreamReader answers;

    private NodeClient(ChildProcess process)
    {
        this.process = process;
        answers = new StreamReader(process.RawOutput);
    }

    /// <summary>What the client said when it had connected: <c>server</c> and <c>protocol</c>.</summary>
    public JsonNode Connected { get; private set; } = new JsonObject();

    /// <param name="sdk"><c>v1</c>, <c>v2</c> or <c>v2-auto</c> (which probes with a throw-away process first), or <c>v2-pin</c>.</param>
    /// <param name="asked">It can be asked, in forms and by addresses (see client.mjs).</param>
    public static async Task<NodeClient> ConnectAsync(string sdk, ClientTarget target, bool asked = false)
    {
        var node = await NodeTools.RequireAsync();
        var process = new ChildProcess(node, [NodeTools.ClientScript, sdk, JsonSerializer.Serialize(target), .. asked ? ["asked"] : Array.Empty<string>()], captureOutput: false);
        var client = new NodeClient(process);
        try
        {
            client.Connected = await client.ReadAsync();
            Assert.True(client.Connected["ok"]!.GetValue<bool>(), $"{client.Connected.ToJsonString()}\n{process.Errors}");
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it and the servers that it started wrote to stderr.</summary>
    public string Errors => process.Errors;

    public async Task<IReadOnlyList<JsonNode>> ListAsync()
    {
        var answer = await AskAsync(new { op = "list" });
        Assert.True((bool)answer["ok"]!, $"{answer.ToJsonString()}\n{Errors}");
        return [.. answer["tools"]!.AsArray().Select(tool => tool!)];
    }

    /// <returns><c>ok</c> with <c>result</c>, or <c>error</c>; <c>progress</c> in either case.</returns>
    public Task<JsonNode> CallAsync(string name, object arguments, bool progress = false, int cancelAfter = 0) =>
        AskAsync(new { op = "call", name, arguments, progress, cancelAfter });

    /// <summary>Several calls of one tool at a time.</summary>
    /// <returns><c>answers</c> in their order, and <c>questions</c>: all that the client was ever asked.</returns>
    public Task<JsonNode> CallAllAsync(string name, params IEnumerable<object> arguments) =>
        AskAsync(new { op = "calls", calls = arguments.Select(a => new { name, arguments = a }) });

    /// <summary>Closes the client as its user would, and gives its exit code.</summary>
    public async Task<Finished> CloseAsync() => await process.EndAsync();

    public async ValueTask DisposeAsync()
    {
        answers.Dispose();
        await process.DisposeAsync();
    }

    private async Task<JsonNode> AskAsync(object operation)
    {
        await process.Input.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(operation), (byte)'\n']);
        await process.Input.FlushAsync();
        return await ReadAsync();
    }

    private async Task<JsonNode> ReadAsync()
    {
        // Longer than the client's own limit, so that its words are seen and not ours.
        var line = await answers.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(90));
        Assert.True(line is not null, $"the client ended; stderr:\n{process.Errors}");
        return JsonNode.Parse(line)!;
    }
}
