using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpGovern.Calls;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpGovern.Server;

/// <summary>
/// Asks a caller's own client about a parked call, at most once for each call over all processes. An accept of an address means only
/// that it was opened, and no other answer than a form's own yes or no means anything.
/// </summary>
internal sealed class ApprovalAsk(Gateway gateway, ILogger log)
{
    /// <summary>How long a client that was asked, and comes back, waits at least for the decision: asking it again would make it spin.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to come back.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private const string Via = "elicitation", Key = "approval", Prefix = "parked:";

    /// <summary>How this client can be asked; <c>null</c> where it cannot, and where it gets a task to ask by itself.</summary>
    public ICallAsk? For(Actor actor, string tool, McpServer server, JsonRpcRequest request)
    {
        if (ProtocolEra.IsStateless(request))
        {
            return request.Context?.ClientCapabilities?.Elicitation is { } can && !TaskMethods.IsDeclaredBy(request)
                ? new StatelessAsk(this, actor, tool, can) : null;
        }

        return server.ClientCapabilities?.Elicitation is { } declared
            && string.CompareOrdinal(server.NegotiatedProtocolVersion, Elicitation.FirstRevision) >= 0
            ? new SessionAsk(this, actor, server, declared, log) : null;
    }

    /// <summary>The answer for a client that comes back with what it was given; <c>null</c> where that is none of ours, or not for this.</summary>
    public async Task<CallAnswer?> ComeBackAsync(ToolCallRequest request, RawCall raw, CancellationToken ct)
    {
        if (BindingOf(request.Name, request.ArgumentsJson) is not { } binding
            || await gateway.States.OpenAsync(request.Actor, binding, raw.RequestState!, ct) is not { } content
            || !await gateway.States.TryUseAsync(raw.RequestState!, Life, ct))
        {
            return null;
        }

        var (callId, mode, hash) = Read(content);
        var answer = AnswerIn(raw.InputResponses);
        if (mode == AskMode.Form)
        {
            await DecideAsync(request.Actor, callId, hash, answer);
        }

        // Who put the question away waits no longer than anybody else.
        var goesOn = mode == AskMode.Url ? answer.Accepted : answer.Approve is not null;
        var waiting = request with { Ask = null, Patience = goesOn ? Patience : TimeSpan.Zero };
        return await gateway.Calls.ComeBackAsync(callId, waiting, ct);
    }

    /// <summary>How to ask about this call, if that is to be done at all and nobody has done it yet; from then on it has been done.</summary>
    public async Task<AskMode?> BeginAsync(LoadedCall call, Actor actor, ElicitationCapability can, CancellationToken ct)
    {
        if (ModeOf(call, actor, can) is not { } mode)
        {
            return null;
        }

        var now = gateway.Time.GetUtcNow();
        var mine = Guid.NewGuid().ToByteArray();
        var first = await gateway.Store.AddAsync($"asked:{call.Id}", mine, call.Known.Gate!.Deadline + Life, now, ct);
        if (!mine.AsSpan().SequenceEqual(first))
        {
            return null;
        }

        log.Asked(call.Id, actor.Id, mode == AskMode.Url ? "url" : "form");
        return mode;
    }

    /// <summary>The answer to the request that parked the call: what to ask, and what to come back with.</summary>
    public async Task<CallAnswer> QuestionAsync(LoadedCall call, Actor actor, string name, AskMode mode, CancellationToken ct)
    {
        var content = $"{(mode == AskMode.Url ? "url" : "form")} {call.Id} {call.Known.Gate!.CallHash}";
        var state = await gateway.States.SealAsync(actor, BindingOf(name, call.Known.Call.Arguments)!, Encoding.UTF8.GetBytes(content), Life, ct);
        var parameters = mode == AskMode.Url
            ? Elicitation.UrlParams(call, UrlOf(call)!, withId: false) : Elicitation.FormParams(call, withMode: true);
        var question = new JsonObject
        {
            ["resultType"] = "input_required",
            ["inputRequests"] = new JsonObject { [Key] = new JsonObject { ["method"] = Elicitation.Method, ["params"] = parameters } },
            ["requestState"] = state,
        };
        return new CallAnswer.Result(JsonSerializer.SerializeToUtf8Bytes(question));
    }

    /// <summary>
    /// A form's yes or no is the caller's own decision, by the way that all decisions go. That a client says so proves nobody's presence.
    /// </summary>
    public async Task DecideAsync(Actor actor, string callId, string hash, AskAnswer answer)
    {
        if (answer.Approve is { } approve)
        {
            var decision = new DecisionRequest(actor with { PresenceProven = false }, callId, approve ? "approved" : "rejected", Via)
            {
                Comment = answer.Comment,
                ExpectedHash = hash,
            };
            await gateway.Decisions.DecideAsync(decision, CancellationToken.None);
        }
    }

    public string? UrlOf(LoadedCall call) => gateway.Links.For(call.Id);

    private AskMode? ModeOf(LoadedCall call, Actor actor, ElicitationCapability can) => call.Known.Gate!.Ask switch
    {
        null or "url" when can.Url is not null && UrlOf(call) is not null => AskMode.Url,
        null or "url" or "form" when can.Form is not null && MayDecide(call, actor) => AskMode.Form,
        _ => null,
    };

    // A comment can still be asked for in the form itself.
    private bool MayDecide(LoadedCall call, Actor actor) =>
        call.Known.Gate is { SelfApproval: true, HumanRequired: false }
        && Call.Decide(new CallCommand.Approve(actor, "-", Via, call.Known.Gate.CallHash, gateway.Time.GetUtcNow()), call.State).Events.Count > 0;

    private static string? BindingOf(string name, string arguments)
    {
        try
        {
            return $"{Prefix}tools/call {name} {CallHash.OfJson(arguments)}";
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static (string CallId, AskMode Mode, string Hash) Read(byte[] content)
    {
        var parts = Encoding.UTF8.GetString(content).Split(' ');
        return (parts[1], parts[0] == "form" ? AskMode.Form : AskMode.Url, parts[2]);
    }

    private static AskAnswer AnswerIn(string? responses) =>
        responses is not null && JsonElement.Parse(responses).TryGetProperty(Key, out var answer) ? Elicitation.Read(answer) : AskAnswer.None;
}
