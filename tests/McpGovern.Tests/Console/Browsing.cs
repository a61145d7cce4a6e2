using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace McpGovern.Tests.ConsolePages;

/// <summary>One person's browser, and what it had to complain about.</summary>
internal sealed class Browsing : IAsyncDisposable
{
    private readonly IBrowserContext context;

    private Browsing(IBrowserContext context, IPage page) => (this.context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>What the pages' own policy stopped, what a script wrote, and dialogs that one opened.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>Everything that was asked for.</summary>
    public ConcurrentQueue<Uri> Requests { get; } = new();

    public static async Task<Browsing> StartAsync(IBrowserContext context)
    {
        var browsing = new Browsing(context, await context.NewPageAsync());
        await browsing.Page.AddInitScriptAsync("document.addEventListener('securitypolicyviolation', e => console.log('stopped: ' + e.violatedDirective))");
        browsing.Page.Console += (_, message) => browsing.Complaints.Enqueue(message.Text);
        browsing.Page.PageError += (_, error) => browsing.Complaints.Enqueue(error);
        browsing.Page.Dialog += (_, dialog) =>
        {
            browsing.Complaints.Enqueue(dialog.Message);
            _ = dialog.DismissAsync();
        };
        browsing.Page.Request += (_, request) => browsing.Requests.Enqueue(new Uri(request.Url));
        return browsing;
    }

    /// <summary>Follows a link and logs in where the page wants it.</summary>
    public async Task LoginAsync(string url, string key)
    {
        await Page.GotoAsync(url);
        await Page.GetByLabel("Your key").FillAsync(key);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        // Whoever goes on from here has the cookie.
        await Assertions.Expect(Page.GetByRole(AriaRole.Button, new() { Name = "Log out" })).ToBeVisibleAsync();
    }

    /// <summary>Kept beside the tests, for people to look at.</summary>
    public async Task ShootAsync(string name) =>
        await Page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "screenshots", $"{name}.png"), FullPage = true });

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
