using McpGovern.Tests.Processes;
using Microsoft.Playwright;

namespace McpGovern.Tests.ConsolePages;

/// <summary>The browser of the machine, one for all tests of a class; it is never downloaded.</summary>
public sealed class ChromiumHouse : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? playwright;
    private IBrowser? browser;

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>A person with a browser of his own, as wide as a screen or a phone.</summary>
    internal async Task<Browsing> OpenAsync(int width = 1100, ColorScheme colors = ColorScheme.Light)
    {
        var program = Array.Find(Places, File.Exists);
        Requirement.SkipUnless(program is not null, "there is no Chromium in /usr/bin");
        playwright ??= await Playwright.CreateAsync();
        browser ??= await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = colors });
        context.SetDefaultTimeout((float)Eventually.Limit.TotalMilliseconds);
        Assertions.SetDefaultExpectTimeout((float)Eventually.Limit.TotalMilliseconds);
        return await Browsing.StartAsync(context);
    }

    public async Task DisposeAsync()
    {
        await (browser?.DisposeAsync() ?? default);
        playwright?.Dispose();
    }
}
