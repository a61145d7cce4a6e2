using McpGovern.Server;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Server;

/// <summary>What is not handed on is answered by nobody: its place is free again.</summary>
public sealed class LegacyPlaceTests
{
    private static readonly JsonRpcRequest Ping = new() { Id = new RequestId(1), Method = "ping" };

    private readonly ActorPlaces _places = new(1, "requests", "caps.requests_per_actor");

    [Fact]
    public async Task Place_OfARequestWhoseClientHangsUpBehindOthers_IsGivenBack()
    {
        await using var transport = Transport();
        using var gone = new CancellationTokenSource();
        var waiting = Task.FromResult(true);
        while (waiting.IsCompleted)
        {
            waiting = transport.TryTakeAsync(new JsonRpcNotification { Method = "notifications/x" }, default);
        }

        var taking = transport.TryTakeAsync(Ping, gone.Token);
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
        Assert.NotNull(_places.TryTake("a"));
    }

    [Fact]
    public async Task Place_OfARequestThatComesAsItsStreamEnds_IsGivenBack()
    {
        var transport = Transport();
        await transport.DisposeAsync();

        await transport.TryTakeAsync(Ping, default);

        Assert.NotNull(_places.TryTake("a"));
    }

    /// <summary>The control: what is handed on keeps its place.</summary>
    [Fact]
    public async Task Place_OfARequestThatIsTaken_IsTaken()
    {
        await using var transport = Transport();

        Assert.True(await transport.TryTakeAsync(Ping, default));

        Assert.Null(_places.TryTake("a"));
    }

    private LegacySseTransport Transport() => new(new SseStream(TimeProvider.System, TimeSpan.FromMinutes(1)), _places, "a");
}
