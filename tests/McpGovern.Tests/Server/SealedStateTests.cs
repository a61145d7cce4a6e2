using McpGovern.Calls;
using McpGovern.Server;
using McpGovern.Storage;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace McpGovern.Tests.Server;

public sealed class SealedStateTests : IAsyncLifetime, IDisposable
{
    private static readonly Actor Coder = new("agent:coder", "key:coder", "key");
    private static readonly byte[] Content = [1, 2, 0, 255];

    private readonly TempFolder _folder = new();
    private readonly MovableTime _time = new();
    private ICallStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = CallStores.Open($"sqlite:{_folder.Path}/store.db", _time, NullLoggerFactory.Instance);
        await _store.PrepareAsync(default);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task OfAnotherProcess_OpensForItsActorAndRequest_UntilItsTimeIsUp()
    {
        var state = await new SealedState(_store, _time).SealAsync(Coder, "call", Content, TimeSpan.FromMinutes(5), default);
        var other = new SealedState(_store, _time);

        Assert.Equal(Content, await other.OpenAsync(Coder, "call", state, default));
        Assert.Null(await other.OpenAsync(Coder with { Id = "agent:other" }, "call", state, default));
        Assert.Null(await other.OpenAsync(Coder, "another call", state, default));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(await other.OpenAsync(Coder, "call", state, default));
    }

    [Fact]
    public async Task Changed_InAnyCharacter_DoesNotOpen()
    {
        var states = new SealedState(_store, _time);
        var state = await states.SealAsync(Coder, "call", Content, TimeSpan.FromMinutes(5), default);
        for (var i = 0; i < state.Length - 1; i++)
        {
            var changed = state[..i] + (state[i] == 'A' ? 'B' : 'A') + state[(i + 1)..];
            Assert.Null(await states.OpenAsync(Coder, "call", changed, default));
        }

        foreach (var nonsense in (string[])["", "v1.", "v1.AAAA", "v2." + state[3..], "\ud800", state[..^4]])
        {
            Assert.Null(await states.OpenAsync(Coder, "call", nonsense, default));
        }
    }

    [Fact]
    public async Task Used_ByManyAtOnce_IsUsedOnce()
    {
        var state = await new SealedState(_store, _time).SealAsync(Coder, "call", Content, TimeSpan.FromMinutes(5), default);
        var uses = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => new SealedState(_store, _time).TryUseAsync(state, TimeSpan.FromMinutes(5), default)));

        Assert.Single(uses, used => used);
    }
}
