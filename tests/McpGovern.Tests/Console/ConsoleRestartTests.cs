using McpGovern.Tests.Processes;

namespace McpGovern.Tests.ConsolePages;

/// <summary>A login, and a form that stands open, are worth as much after <c>kill -9</c> as before.</summary>
public sealed class ConsoleRestartTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Login_AfterTheServerWasKilled_GoesOn()
    {
        var settings = _folder.WriteJson("mcpgovern.json", new
        {
            version = 1,
            store = "sqlite:./store.db",
            policy = new { @default = "deny" },
            mcpServers = new { none = new { command = "/bin/false" } },
            actors = new[] { new { id = "alice", roles = new[] { "approver" }, key = ConsoleHouse.AliceKey } },
        });
        var port = GovernProcess.FreePort();
        using var alice = new ConsoleVisitor(() => new Uri($"http://127.0.0.1:{port}"));
        // Nothing of it may be in a home folder.
        var home = new Dictionary<string, string?> { ["HOME"] = _folder.File("home") };
        string token;
        await using (var first = await GovernProcess.ServeAsync(settings, port, environment: home))
        {
            Assert.Equal(303, (await alice.LoginAsync(ConsoleHouse.AliceKey)).Status);
            token = ConsoleVisitor.TokenIn((await alice.GetAsync("/approvals")).Html);
            first.KillHard();
        }

        await using var second = await GovernProcess.ServeAsync(settings, port, environment: home);
        Assert.Equal(200, (await alice.GetAsync("/approvals")).Status);
        Assert.Equal((303, "login"), await alice.PostAsync("/logout", new() { ["token"] = token }) is var page ? (page.Status, page.Location) : default);
        Assert.Equal(303, (await alice.GetAsync("/approvals")).Status);
        Assert.False(Directory.Exists(_folder.File("home")));
    }

    [Fact]
    public async Task Login_InOneProcessOfAStore_IsOneInTheOther()
    {
        await using var house = await ConsoleHouse.OpenAsync();
        using var alice = await house.VisitorAsync(ConsoleHouse.AliceKey);
        await house.ServeAsync([ConsoleHouse.Alice]);

        Assert.Equal(200, (await alice.GetAsync("/approvals")).Status);
    }
}
