using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Tests.Calls;

/// <summary>What may have been sent is never held for what was not, and what waits for the store has a bound.</summary>
public sealed class UnderWayTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly UnderWay underWay = new();

    [Fact]
    public void Call_IsHeldUntilItIsLeft()
    {
        using (underWay.Enter("call_1"))
        {
            Assert.True(underWay.Holds("call_1"));
            Assert.False(underWay.Holds("call_2"));
            Assert.False(underWay.IsEmpty);
        }

        Assert.False(underWay.Holds("call_1"));
        Assert.True(underWay.IsEmpty);
    }

    [Fact]
    public void Call_WhoseEndIsKept_IsHeldAfterItsPlaceIsLeft()
    {
        var end = End("call_1", 1);
        using (underWay.Enter("call_1"))
        {
            underWay.Keep(end);
        }

        Assert.True(underWay.Holds("call_1"));
        Assert.Equal([end], underWay.Ends);
        underWay.Drop(end);
        Assert.False(underWay.Holds("call_1"));
    }

    [Fact]
    public void Call_WhoseEndCannotBeWritten_IsHeldForEver()
    {
        var end = End("call_1", 1);
        underWay.Keep(end);

        underWay.Abandon(end);

        Assert.Empty(underWay.Ends);
        Assert.True(underWay.Holds("call_1"));
    }

    [Fact]
    public void Room_IsWhatTheKeptResultsLeave()
    {
        var free = underWay.Room;
        underWay.Keep(End("call_1", 40 << 20));
        underWay.Keep(new("call_2", Lost, null));
        Assert.Equal(free - (40 << 20), underWay.Room);
        underWay.Drop(underWay.Ends[0]);
        Assert.Equal(free, underWay.Room);
    }

    private static CallCommand Lost => new CallCommand.Lose("proc_1", "why", Noon);

    private static CallEnd End(string callId, int bytes) => new(callId, Lost, new("result", new byte[bytes], Noon));
}
