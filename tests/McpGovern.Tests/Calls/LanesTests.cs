using McpGovern.Calls;

namespace McpGovern.Tests.Calls;

/// <summary>Places per upstream, taken in turn.</summary>
public sealed class LanesTests
{
    private readonly Lanes lanes = new();

    [Fact]
    public async Task Places_OfOneUpstream_AreSixteen_AndAnothersAreItsOwn()
    {
        var taken = Enumerable.Range(0, 16).Select(_ => lanes.TryEnter("hung")!).ToArray();
        Assert.DoesNotContain(null, taken);
        Assert.Null(lanes.TryEnter("hung"));
        Assert.False(lanes.IsCrowded("hung"));

        var (first, second) = (lanes.EnterAsync("hung"), lanes.EnterAsync("hung"));

        Assert.True(lanes.IsCrowded("hung"));
        Assert.False(lanes.IsCrowded("well"));
        Assert.NotNull(lanes.TryEnter("well"));
        taken[3].Dispose();
        var place = (await first)!;
        Assert.False(second.IsCompleted);
        Assert.Null(lanes.TryEnter("hung"));
        place.Dispose();
        (await second)!.Dispose();
        Assert.NotNull(lanes.TryEnter("hung"));
    }

    [Fact]
    public async Task Close_EndsWhatWaitsToBeSent_AndNotWhatPutsThingsRight()
    {
        for (var n = 0; n < 16; n++)
        {
            Assert.NotNull(await lanes.EnterAsync("hung"));
        }

        var waiting = lanes.EnterAsync("hung");

        lanes.Close();

        Assert.Null(await waiting);
        Assert.Null(await lanes.EnterAsync("hung"));
        (await lanes.WorkAsync()).Dispose();
    }
}
