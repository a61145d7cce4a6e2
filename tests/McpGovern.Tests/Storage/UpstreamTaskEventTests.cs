using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Tests.Storage;

/// <summary>How the events about an upstream's task are stored, for ever.</summary>
public sealed class UpstreamTaskEventTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<CallEvent, string, string> Stored => new()
    {
        {
            new UpstreamTaskFollowed("t-1", "proc_1", 500, Noon), "upstream_task_followed",
            """{"task_id":"t-1","process":"proc_1","poll_interval_ms":500,"at":"2026-01-01T12:00:00+00:00"}"""
        },
        {
            new UpstreamTaskFollowed("t-1", "proc_1", null, Noon), "upstream_task_followed",
            """{"task_id":"t-1","process":"proc_1","at":"2026-01-01T12:00:00+00:00"}"""
        },
        {
            new UpstreamTaskInput("agent:coder", """{"a":{}}""", Noon), "upstream_task_input",
            """{"by":"agent:coder","responses":"{\"a\":{}}","at":"2026-01-01T12:00:00+00:00"}"""
        },
        {
            new CallFailed(null, 0, true, 1, "it was cancelled by its server", Noon) { Cancelled = true }, "call_failed",
            """{"result_hash":null,"size":0,"is_error":true,"latency_ms":1,"reason":"it was cancelled by its server","cancelled":true,"at":"2026-01-01T12:00:00+00:00"}"""
        },
        {
            new CallFailed(null, 0, true, 1, "away", Noon), "call_failed",
            """{"result_hash":null,"size":0,"is_error":true,"latency_ms":1,"reason":"away","at":"2026-01-01T12:00:00+00:00"}"""
        },
    };

    [Theory, MemberData(nameof(Stored))]
    public void Event_OfAnUpstreamsTask_IsStoredAsItWillAlwaysBeRead(CallEvent @event, string type, string json)
    {
        Assert.Equal((type, json), (EventTypes.AliasOf(@event.GetType()), EventTypes.Write(@event)));
        Assert.Equal(@event, EventTypes.Read(type, json));
    }
}
