using System.Buffers;
using System.Text;
using System.Text.Json;
using McpGovern.Calls;
using McpGovern.Wire;
using static McpGovern.Calls.CallState;

namespace McpGovern.Server;

/// <summary>A call in the words of the tasks extension.</summary>
internal static class TaskJson
{
    private const int PollMilliseconds = 2000;

    /// <summary>The answer to the call itself: the handle.</summary>
    /// <param name="kept">For how long from now on it can be asked for at least.</param>
    public static RawJson Handle(LoadedCall call, TimeSpan kept) => Write("task", new CallTask(call, call), kept, "working", _ => { });

    /// <param name="outcome">What ended it, or <c>null</c> while it goes on.</param>
    public static RawJson State(CallTask task, TimeSpan kept, CallAnswer? outcome) => StatusOf(task, outcome) is var status && status is "completed" or "failed"
        ? Write("complete", task, kept, status, writer => WriteOutcome(writer, outcome!))
        : Write("complete", task, kept, status, _ => { });

    /// <param name="questions">Those that are not answered yet.</param>
    public static RawJson Asking(CallTask task, TimeSpan kept, InputQuestions questions) => Write("complete", task, kept, "input_required", writer =>
    {
        writer.WritePropertyName("inputRequests");
        writer.WriteRawValue(RawObject.Write(questions.All.Select(question => question.Key)).Span, skipInputValidation: true);
    });

    private static RawJson Write(string resultType, CallTask task, TimeSpan kept, string status, Action<Utf8JsonWriter> more)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("resultType", resultType);
            writer.WriteString("taskId", task.Asked.Id);
            writer.WriteString("status", status);
            writer.WriteString("statusMessage", MessageOf(task));
            writer.WriteString("createdAt", task.Asked.Known.Call.At.UtcDateTime);
            // That somebody fetched the result changes nothing about it.
            writer.WriteString("lastUpdatedAt", task.Current.Events.Last(e => e is not ResultDelivered).At.UtcDateTime);
            writer.WriteNumber("ttlMs", (long)kept.TotalMilliseconds);
            writer.WriteNumber("pollIntervalMs", PollMilliseconds);
            more(writer);
            writer.WriteEndObject();
        }

        return new RawJson(buffer.WrittenMemory);
    }

    /// <summary><c>failed</c> is for JSON-RPC errors alone: a call that was rejected, or did not run, is complete with a result that says so.</summary>
    private static string StatusOf(CallTask task, CallAnswer? outcome) => outcome switch
    {
        null => "working",
        _ when task.Current.State is Cancelled or Ended { WasCancelled: true } => "cancelled",
        CallAnswer.Error => "failed",
        _ => "completed",
    };

    private static string MessageOf(CallTask task) => task.Current switch
    {
        { State: Pending } call => $"waiting for approval of {call.Id}",
        { State: Approved { Deferred: not null } } call => $"{call.Id} is approved and waits for its server",
        { State: Approved } call => $"{call.Id} is approved and will run",
        { State: Dispatching } call => $"{call.Id} is running",
        { State: Ended { ContinuedBy: { } next } } call => $"{call.Id} goes on as {next}",
        { State: Ended { WaitsForAnswers: true } } call => $"{call.Id} waits for answers to its server's questions",
        var call => $"{call.Id} is {CallStatus.Of(call.State)}",
    };

    private static void WriteOutcome(Utf8JsonWriter writer, CallAnswer outcome)
    {
        if (outcome is CallAnswer.Error error)
        {
            writer.WriteStartObject("error");
            writer.WriteNumber("code", error.Code);
            writer.WriteString("message", error.Message);
            if (error.DataJson is { } data)
            {
                writer.WritePropertyName("data");
                writer.WriteRawValue(Encoding.UTF8.GetBytes(data), skipInputValidation: true);
            }

            writer.WriteEndObject();
        }
        else if (outcome is CallAnswer.Result result)
        {
            writer.WritePropertyName("result");
            writer.WriteRawValue(result.Json.Span, skipInputValidation: true);
        }
    }
}
