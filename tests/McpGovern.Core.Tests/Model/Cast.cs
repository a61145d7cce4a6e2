using McpGovern.Calls;
using McpGovern.Tests.Calls;

namespace McpGovern.Tests.Model;

/// <summary>Who acts on what, and when: the clock has two readings, before and after every deadline.</summary>
internal static class Cast
{
    public const string Hash = "sha256:a1";

    public static readonly Actor Agent = CallSamples.Agent, Alice = CallSamples.Alice, Bob = CallSamples.Bob, Olga = CallSamples.Operator;

    public static readonly CallCommand.Park
        Park = new(CallSamples.Asked, CallSamples.Parked, CallSamples.Noon),
        ParkNext = new(CallSamples.Asked with { Supersedes = "call" }, CallSamples.Parked, CallSamples.Noon);

    public static readonly CallCommand.Park
        ParkTask = new(CallSamples.Asked with { ClientCapabilities = "{}" }, CallSamples.Parked, CallSamples.Noon),
        ParkRound = new(ParkTask.Call with { Continues = "call" }, CallSamples.Parked, CallSamples.Noon);

    public static readonly CallCommand.Allow Allow = new(CallSamples.Asked, CallSamples.Ok, "p1.0", "call", CallSamples.Noon);

    public static DateTimeOffset Time(byte clock) => clock == 0 ? CallSamples.Noon : CallSamples.Two;
}
