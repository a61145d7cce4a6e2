using System.Text.Json.Nodes;
using McpGovern.Policy;
using McpGovern.Upstreams;

namespace McpGovern.Calls;

/// <summary><c>completion/complete</c>: asked of the upstream whose prompt or resource it is about. Nothing happens by it, so it is not recorded.</summary>
internal sealed class Completions(GovernedResources resources, GovernedPrompts prompts, GovernedLists lists, Freezes freezes)
{
    private const string Nothing = """{"completion":{"values":[],"total":0,"hasMore":false}}""";

    /// <param name="parameters">The request's; its reference is put under the upstream's own name.</param>
    public async Task<CallAnswer> CompleteAsync(Actor actor, JsonObject parameters, CancellationToken ct)
    {
        if (parameters["ref"] is not JsonObject reference || await OwnerAsync(actor, reference, ct) is not { } owner)
        {
            return new CallAnswer.Error(OwnWords.InvalidParams, "there is no such prompt or resource template", null);
        }

        if (await freezes.WhyNotAsync(owner.Name, actor.Id, ct) is { } frozen)
        {
            return new CallAnswer.Error(OwnWords.NotRun, frozen, null);
        }

        try
        {
            var connection = await owner.ConnectAsync(ct);
            return !connection.Declares("completions")
                ? new CallAnswer.Result(System.Text.Encoding.UTF8.GetBytes(Nothing))
                : await connection.AskAsync("completion/complete", parameters, ct) switch
                {
                    UpstreamAnswer.Result result => new CallAnswer.Result(result.Json),
                    UpstreamAnswer.Error error => new CallAnswer.Error(error.Code, error.Message, error.DataJson),
                    UpstreamAnswer.NotSent not => new CallAnswer.Error(OwnWords.NotRun, AgentText.Unavailable(owner.Name, not.Reason), null),
                    _ => new CallAnswer.Error(OwnWords.NotRun, $"'{owner.Name}' did not answer", null),
                };
        }
        catch (UpstreamUnavailableException e)
        {
            return new CallAnswer.Error(OwnWords.NotRun, AgentText.Unavailable(owner.Name, e.Message), null);
        }
    }

    private async Task<Upstream?> OwnerAsync(Actor actor, JsonObject reference, CancellationToken ct)
    {
        if (!actor.Roles.HasFlag(Roles.Caller))
        {
            return null;
        }

        if (Text(reference, "type") == "ref/prompt")
        {
            if (Text(reference, "name") is not { } name || await prompts.FindAsync(name, ct) is not { } prompt || !lists.MayRequest(actor, prompt.Upstream, prompt.Tool))
            {
                return null;
            }

            reference["name"] = prompt.Tool[PolicyName.Prompt.Length..];
            return prompt.Upstream;
        }

        return Text(reference, "uri") is { } uri
            && (await resources.OwnerOfTemplateAsync(uri, ct) ?? (await resources.FindAsync(uri, ct))?.Upstream) is { } owner
            && lists.MayRequest(actor, owner, PolicyName.Resource + uri) ? owner : null;
    }

    private static string? Text(JsonObject from, string name) => from[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
