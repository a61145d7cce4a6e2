using System.Text;
using System.Text.Json;
using McpGovern.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Upstreams.Fakes;

/// <summary>One upstream under test, with a folder of its own for ledger and log; everything is gone at its disposal.</summary>
internal sealed class UpstreamHost : IAsyncDisposable
{
    private readonly UpstreamSet _set;
    private readonly string? _folder;

    public UpstreamHost(UpstreamConfig config, UpstreamLimits? limits = null) =>
        _set = new UpstreamSet([config], limits ?? Unhurried, TimeProvider.System, NullLoggerFactory.Instance);

    private UpstreamHost(string[] options, UpstreamLimits limits)
    {
        _folder = Directory.CreateTempSubdirectory("mcpgovern-upstreams-").FullName;
        var config = FakeUpstreamOptions.Config("fake", [.. options, "--ledger", LedgerFile, "--log", LogFile]);
        _set = new UpstreamSet([config], limits, TimeProvider.System, NullLoggerFactory.Instance);
    }

    /// <summary>A fake that speaks the modern era may take longer to start than the product waits for the answer to its probe.</summary>
    public static UpstreamLimits Unhurried { get; } = new() { ProbeTimeout = TimeSpan.FromSeconds(30) };

    public Upstream Upstream => _set.All[0];

    public string[] Ledger => Lines(LedgerFile);

    public string[] Log => Lines(LogFile);

    /// <summary>A file that is not there yet, and the arguments of a call that waits for it.</summary>
    public (string File, string Arguments) Until(string name = "go on")
    {
        var file = Path.Combine(_folder!, name);
        return (file, $$"""{"file":"{{file}}"}""");
    }

    private string LedgerFile => Path.Combine(_folder ?? "", "ledger");

    private string LogFile => Path.Combine(_folder ?? "", "log");

    public static UpstreamHost Stdio(params string[] options) => new(options, Unhurried);

    public static UpstreamHost Stdio(UpstreamLimits limits, params string[] options) => new(options, limits);

    public async Task<UpstreamConnection> ConnectAsync() => await Upstream.ConnectAsync(CancellationToken.None);

    public async Task<UpstreamAnswer> CallAsync(
        string tool, string arguments = "{}", string? meta = null, IUpstreamProgress? progress = null, TimeSpan? timeout = null, CancellationToken cancel = default)
    {
        var connection = await ConnectAsync();
        return await connection.CallToolAsync(tool, arguments, meta, progress, timeout ?? TimeSpan.FromSeconds(60), cancel);
    }

    /// <summary>The text of the one content block of a call that must succeed.</summary>
    public async Task<string> TextAsync(string tool, string arguments = "{}", string? meta = null)
    {
        var result = Assert.IsType<UpstreamAnswer.Result>(await CallAsync(tool, arguments, meta));
        using var document = JsonDocument.Parse(result.Json);
        return document.RootElement.GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    public static string Text(UpstreamAnswer answer) => Encoding.UTF8.GetString(Assert.IsType<UpstreamAnswer.Result>(answer).Json.Span);

    public async ValueTask DisposeAsync()
    {
        await _set.DisposeAsync();
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
}
