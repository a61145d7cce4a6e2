using System.Text;
using McpGovern.Calls;
using McpGovern.Wire;

namespace McpGovern.Cli;

/// <summary>Calls as the terminal shows them: our own words first, and nothing that a terminal would obey.</summary>
internal static class Printed
{
    public static string List(CallList list, IReadOnlyCollection<string> statuses)
    {
        if (list.Calls.Count == 0)
        {
            var none = statuses.Count == 0 ? "no calls" : $"no calls that are {string.Join(" or ", statuses)}";
            return list.NextCursor is { } older ? Line($"{none} among the newest; look further: --cursor {older}") : none;
        }

        var text = new StringBuilder();
        foreach (var call in list.Calls)
        {
            text.AppendLine(Line($"{call.CallId}  {call.Status}  {call.Server}.{call.Tool}"));
            text.AppendLine(Line($"    by {call.RequestedBy} at {AgentText.Time(call.RequestedAt)}{Until(call)}{Count(call)}"));
            if (call.RejectedRecently is { } rejected)
            {
                text.AppendLine(Line($"    a call like it was rejected shortly before: {rejected}"));
            }

            text.AppendLine($"    arguments (data from the agent, unverified): {VisibleJson.Of(call.Arguments)}");
            if (call.Meta is { } meta)
            {
                text.AppendLine($"    sent along in _meta (data from the agent, unverified): {VisibleJson.Of(meta)}");
            }

            if (call.InputResponses is { } input)
            {
                text.AppendLine($"    continues {call.Continues}, with answers to its server's questions (data from the caller, unverified): {VisibleJson.Of(input)}");
            }

            if (call.Justification is { } claim)
            {
                text.AppendLine($"    {UnverifiedText.Line(claim)}");
            }
        }

        if (list.NextCursor is { } next)
        {
            text.AppendLine(Line($"more: --cursor {next}"));
        }

        return text.ToString().TrimEnd();
    }

    public static string Call(CallView call)
    {
        var text = new StringBuilder();
        void Row(string name, string? value)
        {
            if (value is { Length: > 0 })
            {
                text.Append(name.PadRight(16)).AppendLine(Line(value));
            }
        }

        Row("call", call.CallId);
        Row("status", call.Status);
        Row("tool", $"{call.Server}.{call.Tool}");
        Row("requested by", $"{call.RequestedBy} at {AgentText.Time(call.RequestedAt)}");
        Row("client", call.Client is { } client ? $"{client.Name} {client.Version} (its own account)" : null);
        Row("rule", $"{call.Rule} ({call.RuleSource})");
        Row("effect", call.Effect);
        Row("approvers", string.Join(", ", call.Approvers));
        Row("approvals", call.Approvals is { } count ? $"{count.Have} of {count.Need}" : null);
        Row("deadline", call.Deadline is { } deadline ? AgentText.Time(deadline) : null);
        Row("reason", call.Reason);
        Row("deferred", call.Deferred is { } deferred ? $"{deferred.Why}; tried again at {AgentText.Time(deferred.RetryAt)}" : null);
        Row("supersedes", call.Supersedes is { } old ? $"{old} ({call.SupersedesBecause})" : null);
        Row("superseded by", call.SupersededBy);
        Row("earlier call", call.EarlierCall);
        Row("alike, rejected", call.RejectedRecently);
        Row("continues", call.Continues);
        Row("continued by", call.ContinuedBy);
        Row("upstream task", call.UpstreamTask);
        foreach (var decision in call.Decisions)
        {
            Row(decision.Decision, $"by {decision.By} over {decision.Via}{(decision.Grant is { } grant ? $" {grant}" : "")} at {AgentText.Time(decision.At)}{(decision.Comment is { } c ? $": {c}" : "")}");
        }

        Row("call hash", call.CallHash);
        Row("page", call.Url);
        text.Append("arguments (data from the agent, unverified): ").AppendLine(VisibleJson.Of(call.Arguments));
        if (call.Meta is { } meta)
        {
            text.Append("sent along in _meta (data from the agent, unverified): ").AppendLine(VisibleJson.Of(meta));
        }

        if (call.InputResponses is { } input)
        {
            text.Append("answers to its server's questions (data from the caller, unverified): ").AppendLine(VisibleJson.Of(input));
        }

        if (call.Justification is { } claim)
        {
            text.AppendLine(UnverifiedText.Block(claim));
        }

        if (call.Result is { } result)
        {
            text.Append("result (data from the upstream, unverified): ").AppendLine(VisibleJson.Of(result));
        }

        return text.ToString().TrimEnd();
    }

    public static string WhereItStands(CallView call) => Line($"{call.CallId} is {call.Status}{(call.Reason is { } why ? $" ({why})" : "")}: there is no result to print");

    /// <summary>One line, whatever it holds: what a terminal would obey or hide is shown as an escape.</summary>
    public static string Line(string text) => VisibleJson.Line(text);

    /// <summary>The same for several lines.</summary>
    public static string Lines(string text) => VisibleJson.Lines(text);

    private static string Until(CallView call) => call is { Status: "pending", Deadline: { } at } ? $", until {AgentText.Time(at)}" : "";

    private static string Count(CallView call) => call is { Status: "pending", Approvals: { Need: > 1 } count } ? $", {count.Have} of {count.Need} approvals" : "";
}
