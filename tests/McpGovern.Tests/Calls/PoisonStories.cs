using McpGovern.Calls;
using Microsoft.Data.Sqlite;

namespace McpGovern.Tests.Calls;

/// <summary>A history that cannot be read opens no gate, and hides or holds up no other.</summary>
public sealed class PoisonStories
{
    [Fact]
    public async Task UnreadableCall_IsLeftAlone_WhileTheOthersGoOn()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var poisoned = await gateway.ParkAsync("echo", """{"n":1}""");
        var sound = await gateway.ParkAsync("echo", """{"n":2}""");
        await gateway.ApproveAsync(poisoned);
        await PoisonAsync(story, poisoned);

        Assert.Equal([sound], (await gateway.Queries.ListAsync(Story.Alice, new([]), default)).Calls.Select(call => call.CallId));
        Assert.Equal("unavailable", (await gateway.DecideAsync(poisoned, "rejected")).Answer);
        var again = Assert.IsType<CallAnswer.Result>(await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "echo", """{"n":1}"""), default));
        Assert.Contains("cannot be read", System.Text.Encoding.UTF8.GetString(again.Json.Span), StringComparison.Ordinal);

        await gateway.ApproveAsync(sound);
        var serving = await story.StartAsync();
        await serving.UntilAsync(sound, "succeeded");
        Assert.Equal("""echo {"n":2}""", Assert.Single(story.Ledger));
    }

    [Fact]
    public async Task UnreadableCall_PastItsDeadline_DoesNotKeepOthersFromTheirs()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        await PoisonAsync(story, await gateway.ParkAsync("echo", """{"n":1}"""));
        var sound = await gateway.ParkAsync("echo", """{"n":2}""");
        story.Time.Advance(TimeSpan.FromSeconds(301));

        var next = await story.StartAsync(serve: false);

        Assert.Equal("expired", (await next.ViewAsync(sound)).Status);
    }

    /// <summary>More of them than one look at the list finds.</summary>
    [Fact]
    public async Task UnreadableCalls_AHundredPastTheirDeadlines_DoNotKeepOthersFromTheirs()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        foreach (var callId in await Task.WhenAll(Enumerable.Range(0, 120).Select(n => gateway.ParkAsync("echo", $$"""{"n":{{n}}}"""))))
        {
            await PoisonAsync(story, callId);
        }

        var sound = await gateway.ParkAsync("echo", """{"n":-1}""");
        story.Time.Advance(TimeSpan.FromSeconds(301));

        var next = await story.StartAsync(serve: false);

        Assert.Equal("expired", (await next.ViewAsync(sound)).Status);
    }

    /// <summary>The arguments and what is sent along are in every view as they are: text that is no JSON must not end a list, or add to it.</summary>
    [Theory]
    [InlineData("/x\\\":1}", "/x\\\":")]
    [InlineData("{\\\"n\\\":1}", "{\\\"n\\\":1\\\"}")]
    [InlineData("{\\\"n\\\":1}", "{}},{\\\"call_id\\\":{}")]
    [InlineData("{\\\"n\\\":1}", "")]
    public async Task CallWithTextThatIsNoJson_IsLeftOut_AndTheOthersAreListed(string text, string other)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var poisoned = new Told(await gateway.Calls.HandleAsync(new ToolCallRequest(Story.Agent, "echo", """{"n":1}""") { MetaJson = """{"vendor/x":1}""" }, default)).CallId!;
        var sound = await gateway.ParkAsync("echo", """{"n":2}""");
        await ChangeAsync(story, $"update events set data = replace(data, '{text}', '{other}') where stream_id = $id and version = 1", poisoned);

        Assert.Equal([sound], (await gateway.Queries.ListAsync(Story.Alice, new([]), default)).Calls.Select(call => call.CallId));
        Assert.Equal("unavailable", (await gateway.DecideAsync(poisoned, "approved")).Answer);
    }

    /// <summary>Each asking looks for a rejection of the same.</summary>
    [Fact]
    public async Task RejectedCall_ThatDoesNotFollow_KeepsNobodyFromAsking()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var poisoned = await gateway.ParkAsync("echo", """{"n":1}""");
        Assert.Equal("recorded", (await gateway.DecideAsync(poisoned, "rejected")).Answer);
        await ChangeAsync(story, "update events set type = 'call_cancelled', data = '{\"by\":\"a\",\"reason\":null,\"via\":\"rest\",\"at\":\"2026-01-01T00:00:00Z\"}' where stream_id = $id and version = 2", poisoned);

        Assert.NotNull(await gateway.ParkAsync("echo", """{"n":2}"""));
    }

    /// <summary>What a call is no longer said to have is not taken for nothing: its end could not be recorded, and no sweep would come past it.</summary>
    [Fact]
    public async Task CallWithoutItsRequester_PastItsDeadline_DoesNotKeepOthersFromTheirs()
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var poisoned = await gateway.ParkAsync("echo", """{"n":1}""");
        await ChangeAsync(story, "update events set data = replace(data, 'requested_by', 'requested_bx') where stream_id = $id and version = 1", poisoned);
        var sound = await gateway.ParkAsync("echo", """{"n":2}""");
        story.Time.Advance(TimeSpan.FromSeconds(301));

        var next = await story.StartAsync(serve: false);

        Assert.Equal("expired", (await next.ViewAsync(sound)).Status);
    }

    [Theory]
    [InlineData("quorum")]
    [InlineData("human_required")]
    [InlineData("approvers")]
    [InlineData("deadline")]
    [InlineData("valid_for")]
    public async Task GateWithoutAMember_OpensForNobody(string member)
    {
        await using var story = new Story(Story.Gated);
        var gateway = await story.StartAsync(serve: false);
        var poisoned = await gateway.ParkAsync("echo", """{"n":1}""");
        await ChangeAsync(story, $"update events set data = replace(data, '\"{member}', '\"x{member}') where stream_id = $id and version = 2 and data like '%\"{member}%'", poisoned);

        Assert.Equal("unavailable", (await gateway.DecideAsync(poisoned, "approved")).Answer);
        Assert.Empty(story.Ledger);
    }

    private static Task PoisonAsync(Story story, string callId) =>
        ChangeAsync(story, "update events set type = 'from_the_future' where stream_id = $id and version = 2", callId);

    private static async Task ChangeAsync(Story story, string sql, string callId)
    {
        await using var connection = new SqliteConnection($"Data Source={story.StoreText["sqlite:".Length..]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$id", callId);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
