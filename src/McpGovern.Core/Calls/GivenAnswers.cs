using static McpGovern.Calls.CallCommand;
using static McpGovern.Calls.CallState;

namespace McpGovern.Calls;

/// <summary>
/// What a caller answers to its upstream's questions, some at a time: a question is answered once, and the last answer names the further call.
/// </summary>
public static class GivenAnswers
{
    /// <summary>All answers so far as the JSON text of one object, or <c>null</c> where there are none.</summary>
    public static string? Of(Ended call)
    {
        ArgumentNullException.ThrowIfNull(call);
        var all = call.Given.SelectMany(given => CanonicalJson.Members(given.Responses)).ToArray();
        return all.Length == 0 ? null : CanonicalJson.OfMembers(all);
    }

    /// <summary>The keys of the questions that are answered.</summary>
    public static IReadOnlySet<string> KeysOf(Ended call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.Given.SelectMany(given => CanonicalJson.Members(given.Responses)).Select(answer => answer.Name).ToHashSet(StringComparer.Ordinal);
    }

    internal static Outcome<CallEvent, Refusal> Decide(GiveInput command, Ended call)
    {
        var open = command.Asked.Except(KeysOf(call), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        var given = CanonicalJson.Members(command.Responses).Where(answer => open.Remove(answer.Name)).ToArray();
        return given.Length == 0 && open.Count > 0
            ? new Outcome<CallEvent, Refusal>([], null)
            : new InputReceived(command.By.Id, CanonicalJson.OfMembers(given), open.Count == 0 ? command.Next : null, command.At);
    }

    internal static Ended Evolve(Ended call, InputReceived received)
    {
        try
        {
            _ = CanonicalJson.Members(received.Responses);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"answers that cannot be read: {e.Message}", e);
        }

        return call with { Given = [.. call.Given, received] };
    }
}
