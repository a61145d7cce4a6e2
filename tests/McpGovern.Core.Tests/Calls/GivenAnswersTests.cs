using McpGovern.Calls;
using static McpGovern.Tests.Calls.CallSamples;

namespace McpGovern.Tests.Calls;

public sealed class GivenAnswersTests
{
    private static CallState.Ended After(params CallEvent[] more) => (CallState.Ended)Call.Replay([.. Waiting, .. more]);

    [Fact]
    public void Of_SeveralRounds_IsAllOfThemInOneObject()
    {
        Assert.Null(GivenAnswers.Of(After()));
        Assert.Equal("""{"a":1}""", GivenAnswers.Of(After(GotA)));
        Assert.Equal("""{"a":1,"b":[2]}""", GivenAnswers.Of(After(GotA, GotB)));
        Assert.Equal(["a", "b"], GivenAnswers.KeysOf(After(GotA, GotB)));
    }

    [Fact]
    public void State_AfterTheLastAnswer_NamesTheNextCall_AndWaitsNoMore()
    {
        Assert.Equal((null, true), (After(GotA).ContinuedBy, After(GotA).WaitsForAnswers));
        Assert.Equal(("next", false), (After(GotA, GotB).ContinuedBy, After(GotA, GotB).WaitsForAnswers));
        Assert.Equal("next", CallView.From("call_1", [.. Waiting, GotA, GotB]).ContinuedBy);
    }

    /// <summary>A name is a question's however it is spelt; a value goes on as it was written.</summary>
    [Fact]
    public void Decide_OnAnswersInAnotherSpelling_KeepsTheirText()
    {
        var outcome = Decide(Waiting, GiveA with { Responses = """{ "\u0061" : {"n": 1.50, "s":"\u00e9\/"} }""" });

        Assert.Equal("""{"a":{"n":1.50,"s":"\u00e9\/"}}""", Assert.IsType<InputReceived>(Assert.Single(outcome.Events)).Responses);
    }

    [Fact]
    public void EndOfACall_ThatWasAnsweredLater_IsWhenItEnded() =>
        Assert.Equal(Noon, CallView.From("call_1", [.. Waiting, GotA with { At = Two }]).EndedAt);
}
