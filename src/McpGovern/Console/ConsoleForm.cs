using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace McpGovern.ConsolePages;

/// <summary>Reads a form that one of our own pages sent.</summary>
internal static class ConsoleForm
{
    private const int MaxBytes = 128 * 1024, MaxValue = 64 * 1024, MaxFields = 16;

    /// <summary>The form, or <c>null</c> after having answered why nothing is done.</summary>
    public static async Task<IFormCollection?> ReadAsync(ConsoleRequest request)
    {
        var http = request.Http;
        if (WhyForeign(http.Request) is { } why)
        {
            await request.MessageAsync(StatusCodes.Status403Forbidden, "Refused", why);
            return null;
        }

        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxBytes;
        http.Features.Set<IFormFeature>(new FormFeature(http.Request, new FormOptions { ValueCountLimit = MaxFields, ValueLengthLimit = MaxValue }));
        try
        {
            var form = await http.Request.ReadFormAsync(request.Aborted);
            if (await http.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(http))
            {
                return form;
            }
        }
        catch (InvalidDataException)
        {
            // Too many fields, or one too long: no form of ours.
        }

        await request.MessageAsync(StatusCodes.Status400BadRequest, "Nothing was done",
            "This form is not one of your present login's. Open the page again and send it from there.");
        return null;
    }

    private static string? WhyForeign(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        return site is not ("" or "same-origin") ? "This form was sent by another site. Nothing was done."
            : request.ContentType?.Split(';')[0].Trim().Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true ? "This is no form of ours. Nothing was done."
            : null;
    }
}
