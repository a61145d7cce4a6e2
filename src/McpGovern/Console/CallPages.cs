using McpGovern.Calls;
using McpGovern.ConsolePages.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace McpGovern.ConsolePages;

/// <summary>The list of what waits, one call's page, and its decision: the one way of every door.</summary>
internal sealed class CallPages(CallQueries queries, DecisionHandler decisions, TimeProvider time)
{
    private const int PageSize = 50;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/approvals", http => ListAsync(ConsoleRequest.Of(http)));
        routes.MapGet("/approvals/{id}", http => ShowAsync(ConsoleRequest.Of(http), said: null, StatusCodes.Status200OK));
        routes.MapPost("/approvals/{id}", http => DecideAsync(ConsoleRequest.Of(http)));
    }

    private async Task ListAsync(ConsoleRequest request)
    {
        var (actor, now) = (request.Person, time.GetUtcNow());
        var filter = new CallFilter(["pending", "outcome_unknown"], PageSize) { Cursor = request.Http.Request.Query["cursor"].ToString() is { Length: > 0 } cursor ? cursor : null };
        try
        {
            var list = await queries.ListAsync(actor, filter, request.Aborted, call => Deciding.Of(call, actor, now).Any);
            await request.PageAsync<ListPage>(new { Frame = request.Frame(), list.Calls, Next = list.NextCursor, Now = now });
        }
        catch (FormatException)
        {
            await request.NotFoundAsync();
        }
    }

    private async Task ShowAsync(ConsoleRequest request, Said? said, int status)
    {
        var (actor, id) = (request.Person, IdOf(request));
        if (await queries.LoadAsync(actor, id, request.Aborted) is not { } call || await queries.FindAsync(actor, id, request.Aborted) is not { } view)
        {
            await request.NotFoundAsync();
            return;
        }

        var card = CallCard.Of(view, Deciding.Of(call, actor, time.GetUtcNow()), time.GetUtcNow());
        await request.PageAsync<CardPage>(new { Frame = request.Frame(), Card = card, said?.Message, said?.Comment }, status);
    }

    private async Task DecideAsync(ConsoleRequest request)
    {
        if (await ConsoleForm.ReadAsync(request) is not { } form)
        {
            return;
        }

        var comment = form["comment"].ToString().ReplaceLineEndings("\n").Trim();
        if (await RecordAsync(request, form["decision"].ToString(), comment, form["expected_hash"].ToString()) is not { } answer)
        {
            await ShowAsync(request, new("Nothing was recorded: the form said neither approve nor reject, or not of which call.", comment), StatusCodes.Status400BadRequest);
            return;
        }

        await (answer.Accepted && answer.CallId is { } callId
            ? request.GoAsync($"approvals/{callId}")
            : ShowAsync(request, new($"Nothing was recorded ({answer.Answer}): {answer.Message}", comment), AnswerCode.ByWord[answer.Answer].Http));
    }

    /// <returns><c>null</c> for what no form of ours says.</returns>
    private async Task<DecisionAnswer?> RecordAsync(ConsoleRequest request, string said, string comment, string seen) => said switch
    {
        "approve" or "reject" when seen.Length > 0 => await decisions.DecideAsync(
            new(request.Person, IdOf(request), said == "approve" ? "approved" : "rejected", "console")
            {
                Comment = comment.Length == 0 ? null : comment,
                ExpectedHash = seen,
            }, request.Aborted),
        "succeeded" or "failed" => await decisions.ResolveAsync(new(request.Person, IdOf(request), "console", said, comment), request.Aborted),
        _ => null,
    };

    private static string IdOf(ConsoleRequest request) => (string)request.Http.Request.RouteValues["id"]!;

    /// <summary>Why a decision was not taken, with the comment that its author should not have to write again.</summary>
    private sealed record Said(string Message, string Comment);
}
