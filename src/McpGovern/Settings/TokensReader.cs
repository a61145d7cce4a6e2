namespace McpGovern.Settings;

/// <summary>Reads <c>tokens</c>: <c>{ issuer, audience, jwks }</c>.</summary>
internal static class TokensReader
{
    private const string Example = "write { issuer: \"https://id.example\", audience: \"https://gate.example/mcp\", jwks: \"https://id.example/jwks.json\" }";

    /// <param name="publicUrl">Without an audience of its own, what tokens must be for is <c>/mcp</c> there.</param>
    public static TokensConfig? Read(SettingKeys keys, Uri? publicUrl)
    {
        if (keys.Fields("tokens").Block("tokens", Example) is not { } block)
            return null;
        var faults = keys.Faults("tokens").Within("tokens");
        var fields = new Fields(block, faults, "issuer", "audience", "jwks");
        var issuer = fields.Required("issuer", Example);
        var audience = fields.Text("audience") ?? (publicUrl is null ? null : new Uri(publicUrl, "/mcp").ToString());
        if (audience is null)
            faults.Error(block, "'audience' is missing, and there is no public_url to take it from", Example);
        else if (Address(audience) is null)
            faults.Error(fields.LineOf("audience"), $"'audience' is '{audience}', which is no http or https address", Example);
        var jwks = fields.Required("jwks", Example);
        var url = jwks is null ? null : Address(jwks);
        // On the way of plain HTTP anybody could put in keys of his own.
        if (jwks is not null && (url is null || (url.Scheme == "http" && !url.IsLoopback)))
            faults.Error(fields.LineOf("jwks"), $"'jwks' is '{jwks}', which is no https address", Example);
        return issuer is null || audience is null || url is null ? null : new(issuer, audience, url);
    }

    private static Uri? Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url!.UserInfo.Length == 0 && url.Fragment.Length == 0 ? url : null;
}
