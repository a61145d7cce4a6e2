using McpGovern.Storage;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http;

namespace McpGovern.ConsolePages;

/// <summary>What of ASP.NET the pages need: Razor components, a cookie for logins, tokens in forms. Only a server that serves them pays for it.</summary>
internal static class ConsoleServices
{
    public const string Scheme = "console", TokenField = "token";

    private const string Application = "mcpgovern";

    /// <param name="https">Whether people come by https; a proxy in front does it.</param>
    /// <param name="port">Browsers do not tell ports of one host apart, so that two gateways would take each other's cookies.</param>
    public static void Add(IServiceCollection services, ISharedState shared, TimeProvider time, bool https, int port)
    {
        services.AddLogging();
        services.AddRazorComponents();
        services.AddDataProtection().SetApplicationName(Application);
        services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = new SharedXmlRepository(shared, time));
        services.AddAntiforgery(options =>
        {
            Configure(options.Cookie, "form", https, port);
            options.FormFieldName = TokenField;
            options.HeaderName = null;
            options.SuppressXFrameOptionsHeader = true;
        });
        services.AddAuthentication(Scheme).AddCookie(Scheme, options =>
        {
            Configure(options.Cookie, "login", https, port);
            options.ExpireTimeSpan = Logins.Idle;
            options.SlidingExpiration = true;
            options.TimeProvider = time;
        });
    }

    private static void Configure(CookieBuilder cookie, string name, bool https, int port)
    {
        cookie.Name = https ? $"__Host-mcpgovern-{name}" : $"mcpgovern-{name}-{port}";
        cookie.Path = "/";
        cookie.HttpOnly = true;
        cookie.SameSite = SameSiteMode.Strict;
        cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
        cookie.IsEssential = true;
    }
}
