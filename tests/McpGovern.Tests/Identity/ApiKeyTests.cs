using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Identity;

public sealed class ApiKeyTests : IAsyncLifetime, IDisposable
{
    private static readonly ActorEntry Alice = new("alice", Roles.Caller | Roles.Approver, ["finance"], null);

    private readonly TempFolder _folder = new();
    private readonly MovableTime _time = new();
    private ICallStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = CallStores.Open($"sqlite:{_folder.File("store.db")}", _time, NullLoggerFactory.Instance);
        await _store.PrepareAsync(default);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Key_IsItsActors_InEveryProcess_AndOnlyItsHashIsStored()
    {
        var text = await MakeAsync("agent:coder");
        var actor = await Keys().FindAsync(text, default);

        Assert.Matches("^mcpg_[0-9a-f]{12}_[0-9A-Za-z]{32}$", text);
        Assert.Equal(("agent:coder", "key:agent:coder", Roles.Caller), (actor!.Id, actor.Credential, actor.Roles));
        foreach (var file in Directory.GetFiles(_folder.Path))
        {
            Assert.DoesNotContain(text[18..], await File.ReadAllTextAsync(file, System.Text.Encoding.Latin1), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Key_OfAnActorOfTheSettings_HasItsGroups_AndNoMoreThanItsRoles()
    {
        var actor = await Keys().FindAsync(await MakeAsync("alice", "approver", "operator"), default);

        Assert.Equal(Roles.Approver, actor!.Roles);
        Assert.Equal(["finance"], actor.Groups);
    }

    /// <summary>Alice is in the settings, dora and the agent are not.</summary>
    [Theory]
    [InlineData("alice", true, "caller")]
    [InlineData("alice", true, "caller", "operator")]
    [InlineData("alice", false, "approver")]
    [InlineData("alice", false, "caller", "approver")]
    [InlineData("dora", true, "caller")]
    [InlineData("dora", false, "approver")]
    [InlineData("agent:coder", true, "caller")]
    public async Task Key_MadeWithoutTheApproversRole_DecidesNothing_WhoeversItIs(string owner, bool decidesNothing, params string[] roles) =>
        Assert.Equal(decidesNothing, (await Keys().FindAsync(await MakeAsync(owner, roles), default))!.DecidesNothing);

    [Fact]
    public async Task Key_ChangedInAnyCharacter_OpensNothing()
    {
        var text = await MakeAsync("agent:coder");
        var keys = Keys();
        for (var i = 0; i < text.Length; i++)
        {
            Assert.Null(await keys.FindAsync(text[..i] + (text[i] == '0' ? '1' : '0') + text[(i + 1)..], default));
            Assert.Null(await keys.FindAsync(text[..i] + text[(i + 1)..], default));
        }

        Assert.Null(await keys.FindAsync(text + "0", default));
        Assert.Null(await keys.FindAsync("", default));
        Assert.NotNull(await keys.FindAsync(text, default));
    }

    [Fact]
    public async Task Key_Revoked_IsOverWithinASecond_AndStaysInTheList()
    {
        var text = await MakeAsync("agent:coder");
        var other = Keys();
        Assert.NotNull(await other.FindAsync(text, default));

        var revoked = await Keys().RevokeAsync(ApiKey.IdOf(text)!, "alice", default);

        Assert.Equal("alice", revoked!.RevokedBy);
        await Eventually.TrueAsync(async () => await other.FindAsync(text, default) is null, () => "the revoked key is still let in");
        Assert.Equal(revoked.RevokedAt, Assert.Single(await Keys().ListAsync(default)).RevokedAt);
        Assert.Equal(revoked.RevokedAt, (await Keys().RevokeAsync(revoked.Id, "bob", default))!.RevokedAt);
        Assert.Null(await Keys().RevokeAsync("000000000000", "alice", default));
    }

    [Fact]
    public async Task Key_PastItsEnd_OpensNothing()
    {
        var (text, _, _) = await Keys().CreateAsync("agent:coder", ["caller"], TimeSpan.FromHours(1), "alice", default);
        Assert.NotNull(await Keys().FindAsync(text!, default));
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Null(await Keys().FindAsync(text!, default));
    }

    [Fact]
    public async Task Keys_OfOneActor_AreAtMostTwoAtATime()
    {
        var first = await MakeAsync("agent:coder");
        await MakeAsync("agent:coder");
        Assert.Contains("revoke one first", (await Keys().CreateAsync("agent:coder", ["caller"], null, "alice", default)).WhyNot, StringComparison.Ordinal);
        await MakeAsync("agent:other");
        await Keys().RevokeAsync(ApiKey.IdOf(first)!, "alice", default);

        await MakeAsync("agent:coder");
    }

    private ApiKeys Keys() => new(_store, [Alice], _time);

    private async Task<string> MakeAsync(string actor, params string[] roles)
    {
        var (text, _, whyNot) = await Keys().CreateAsync(actor, roles is [] ? ["caller"] : roles, null, "alice", default);
        Assert.Null(whyNot);
        return text!;
    }
}
