using McpGovern.Server;
using McpGovern.Tests.Processes;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace McpGovern.Tests.Server;

/// <summary>When the response to a stateless request begins, by a clock that only the test moves.</summary>
public sealed class StatelessResponseTests
{
    private readonly HandClock _clock = new();
    private readonly DefaultHttpContext _http = new();
    private readonly TaskCompletionSource _answered = new(), _working = new();

    [Fact]
    [Trait("row", "H16")]
    public async Task Headers_OfAnAnswerThatTakesLong_ComeWithinHalfASecond()
    {
        _working.SetResult();
        var running = RunAsync(_ => _answered.Task);
        Assert.Null(_http.Response.ContentType);

        _clock.Advance(TimeSpan.FromSeconds(0.5));

        await Eventually.TrueAsync(() => _http.Response.ContentType == "text/event-stream", () => "the response never began");
        _answered.SetResult();
        await running;
        Assert.Equal(200, _http.Response.StatusCode);
    }

    [Theory, InlineData(false, 0.3), InlineData(true, 0.3), InlineData(false, 60)]
    public async Task Refusal_ThatComesBeforeTheHeaders_HasItsStatus(bool working, double seconds)
    {
        if (working)
        {
            _working.SetResult();
        }

        var refusal = new JsonRpcError { Id = new RequestId(7), Error = new() { Code = RpcCode.MissingClientCapability, Message = "theirs" } };
        var running = RunAsync(async start =>
        {
            await _answered.Task;
            await start(refusal);
        });
        _clock.Advance(TimeSpan.FromSeconds(seconds));

        _answered.SetResult();
        await running;

        Assert.Equal((400, "application/json"), (_http.Response.StatusCode, _http.Response.ContentType));
    }

    private Task RunAsync(Func<Func<JsonRpcMessage?, ValueTask>, Task> answer) =>
        new StatelessResponse(_http, new SseStream(_clock, TimeSpan.FromMinutes(1)), _clock).RunAsync(answer, _working.Task, CancellationToken.None);

    /// <summary>Its timers run when it is moved past them, and once.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly List<(TimeSpan Due, TimerCallback Callback, object? State)> _timers = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_timers)
                _timers.Add((dueTime, callback, state));
            return new Timer(_ => { });
        }

        public void Advance(TimeSpan by)
        {
            (TimeSpan Due, TimerCallback Callback, object? State)[] due;
            lock (_timers)
                due = [.. _timers.Where(timer => timer.Due <= by)];
            foreach (var (_, callback, state) in due)
                callback(state);
        }
    }
}
