using System.Security.Cryptography;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Storage;
using static McpGovern.Tests.Storage.TestCalls;

namespace McpGovern.Tests.Storage;

public abstract partial class CallStoreContract
{
    public static TheoryData<string> Arguments => new()
    {
        """{"a":"\u0000 \ud800"}""",
        """{"b":1e2,"a":1.0,"a":2,"big":1e200000}""",
        """{"é":"\\ ' \" 漢字 🎉 ‮ <&>"}""",
        $$"""{"long":"{{new string('x', 1 << 20)}}"}""",
        """["deep",""" + new string('[', 20_000) + new string(']', 20_000) + "]",
    };

    [SkippableTheory, MemberData(nameof(Arguments))]
    public async Task Append_OfAnyArguments_GivesThemBackUnchanged(string arguments)
    {
        var store = await OpenAsync();
        // What is sent along is read with the event, and so has to be an object without a key twice.
        var meta = $$"""{"vendor/x" :{{JsonSerializer.Serialize(arguments)}}}""";
        var parked = Park(with: c => c with { Arguments = arguments, Meta = meta });
        await store.AppendAsync(parked, default);

        var submitted = (CallSubmitted)(await store.LoadAsync(parked.CallId, default))!.Events[0];
        Assert.Equal(arguments, submitted.Arguments);
        Assert.Equal(meta, submitted.Meta);
        Assert.Empty(await store.RebuildAsync(repair: false, default));
    }

    [SkippableTheory]
    [InlineData("""{"a":"\u0000 \ud800","\ud800":1.0}""", null)]
    [InlineData("""{"漢字":{"n":1e200000}}""", "next")]
    public async Task Append_OfAnswers_GivesThemBackUnchanged(string responses, string? next)
    {
        var store = await OpenAsync();
        var task = Park(with: c => c with { ClientCapabilities = """{"elicitation":{}}""" });
        await store.AppendAsync(task, default);
        CallEvent[] ended =
        [
            .. EventsOf(task), new ApprovalReceived("alice", "approved", null, "rest", "unproven", null, "key", "key:alice", false, Noon),
            new DispatchStarted(1, Owner, task.CallId, Noon), new CallSucceeded("rh", 1, IsError: false, 1.5, Noon) { InputRequired = true },
        ];
        await store.AppendAsync(Of(task.CallId, EventsOf(task), ended[2..]), default);
        var given = new InputReceived(Agent.Id, responses, next, Noon);
        Assert.Equal(new AppendResult.Appended(6), await store.AppendAsync(Of(task.CallId, ended, [given]), default));
        Assert.IsType<AppendResult.Conflict>(await store.AppendAsync(Of(task.CallId, ended, [given]), default));

        var stored = (await store.LoadAsync(task.CallId, default))!.Events;
        Assert.Equal((given, """{"elicitation":{}}"""), (stored[^1], ((CallSubmitted)stored[0]).ClientCapabilities));
        Assert.Empty(await store.RebuildAsync(repair: false, default));
    }

    [SkippableFact]
    public async Task Append_OfATextThatCannotBeStored_NamesTheMember()
    {
        var store = await OpenAsync();
        var parked = Park();
        await store.AppendAsync(parked, default);
        var answer = Decide(parked.CallId, EventsOf(parked), Approve("alice"));

        // Not a theory's data: an attribute and the test runner both repair half a surrogate pair.
        foreach (var text in (string[])["a\0b", "a\ud800b", "\udc00\ud800"])
        {
            var comment = answer with { Events = [new(Guid.CreateVersion7(), (ApprovalReceived)answer.Events[0].Event with { Comment = text })] };
            var fault = await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(comment, default));
            Assert.Contains("Comment", fault.Message, StringComparison.Ordinal);
            var nested = Park(with: c => c with { Client = new(text, null) });
            fault = await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(nested, default));
            Assert.Contains("Client.Name", fault.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<ArgumentException>(() => store.SaveToolsAsync(Scope, Fingerprint, text, default));
            Assert.Null(await store.LoadAsync(nested.CallId, default));
        }

        Assert.Equal(2, (await store.LoadAsync(parked.CallId, default))!.Version);
        var kept = Decide(parked.CallId, EventsOf(parked), Approve("alice") with { Comment = "a🎉\u200b\ufffe" });
        await store.AppendAsync(kept, default);
        Assert.Equal(kept.Events[0].Event, (await store.LoadAsync(parked.CallId, default))!.Events[2]);
    }

    [SkippableFact]
    public async Task Append_WithARowThatDoesNotFollow_IsRefused()
    {
        var store = await OpenAsync();
        var parked = Park();

        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(parked with { Row = parked.Row with { Version = 3 } }, default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(parked with { CallId = NewId() }, default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(parked with { Events = [] }, default));
        Assert.Null(await store.LoadAsync(parked.CallId, default));
    }

    [SkippableFact]
    public async Task Results_OfTenMegabytes_AreKeptByteForByteUntilDropped()
    {
        var store = await OpenAsync();
        var json = RandomNumberGenerator.GetBytes(10 << 20);
        var started = Allow();
        await store.AppendAsync(started, default);
        var done = Of(started.CallId, EventsOf(started), [new CallSucceeded("rh", json.Length, IsError: false, 1.5, Noon)], new("result", json, Noon));
        Assert.Equal(new AppendResult.Appended(4), await store.AppendAsync(done, default));

        var kept = await (await OpenAsync()).LoadResultAsync(started.CallId, default);
        Assert.Equal(("result", Noon), (kept!.Kind, kept.At));
        Assert.True(kept.Json.Span.SequenceEqual(json));

        Assert.Equal(0, await store.DropResultsAsync(Noon, default));
        Assert.Equal(1, await store.DropResultsAsync(Noon.AddSeconds(1), default));
        Assert.Null(await store.LoadResultAsync(started.CallId, default));
        Assert.Equal(4, (await store.LoadAsync(started.CallId, default))!.Version);
    }

    [SkippableFact]
    public async Task Results_OfALostRace_AreNotKept()
    {
        var store = await OpenAsync();
        var started = Allow();
        await store.AppendAsync(started, default);
        var done = Of(started.CallId, EventsOf(started), [new CallSucceeded("rh", 1, IsError: false, 1.5, Noon)], new("result", "1"u8.ToArray(), Noon));
        var lost = Of(started.CallId, EventsOf(started), [new OutcomeUnknown("died", Noon)]);

        await store.AppendAsync(lost, default);

        Assert.IsType<AppendResult.Conflict>(await store.AppendAsync(done, default));
        Assert.Null(await store.LoadResultAsync(started.CallId, default));
    }

    [SkippableFact]
    public async Task Tools_SavedTwice_AreTheLastOnes()
    {
        var store = await OpenAsync();
        await store.SaveToolsAsync(Scope, Fingerprint, "[1]", default);
        await store.SaveToolsAsync(Scope, Fingerprint, """[{"b":1, "a":"\u0000"}]""", default);

        Assert.Equal("""[{"b":1, "a":"\u0000"}]""", await store.LoadToolsAsync(Scope, Fingerprint, default));
        Assert.Null(await store.LoadToolsAsync("other", Fingerprint, default));
    }
}
