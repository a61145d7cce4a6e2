using McpGovern.Policy;
using McpGovern.Settings;

namespace McpGovern.Upstreams;

/// <summary>Reads the blocks <c>mcpServers</c> and <c>servers</c> as clients have them.</summary>
internal sealed class UpstreamReader(SettingKeys keys)
{
    private static readonly string[] Known = ["type", "transport", "command", "args", "env", "cwd", "url", "headers", "disabled", "network"];

    // Gemini CLI's and Windsurf's words for `url`.
    private static readonly string[] UrlKeys = ["url", "httpUrl", "serverUrl"];
    private const string EnvFile = "envFile";
    private const string EntryCure = "write { command: npx, args: [...] } or { type: http, url: \"https://...\" }";

    private readonly Dictionary<string, (string Name, int Line)> names = new(StringComparer.Ordinal);

    public static IReadOnlyList<UpstreamConfig> Read(SettingKeys keys)
    {
        var reader = new UpstreamReader(keys);
        return [.. reader.ReadBlock("mcpServers"), .. reader.ReadBlock("servers")];
    }

    private IEnumerable<UpstreamConfig> ReadBlock(string key) =>
        (keys.Fields(key).Block(key, "write a block of servers")?.Members ?? [])
            .Select(member => ReadEntry(member, keys.Faults(key).Within($"server '{member.Key}'"))).OfType<UpstreamConfig>();

    private UpstreamConfig? ReadEntry(Member member, Faults faults)
    {
        if (member.Value is not MapNode map)
        {
            faults.Error(member.Line, $"this is {member.Value.Kind}", EntryCure);
            return null;
        }
        if (map.Members.Where(m => UrlKeys.Contains(m.Key)).Skip(1).FirstOrDefault() is { } second)
            faults.Error(second.Line, $"it has a second address, '{second.Key}'", "keep one");
        map = map with { Members = [.. map.Members.Select(m => UrlKeys.Contains(m.Key) ? m with { Key = "url" } : m)] };
        foreach (var other in map.Members.Where(m => !Known.Contains(m.Key) && m.Key != EnvFile))
            faults.Warn(other.Line, $"'{other.Key}' is a client's own key and is ignored", "leave it, or remove it");
        var fields = new Fields(map with { Members = [.. map.Members.Where(m => Known.Contains(m.Key))] }, faults, Known);
        if (fields.Flag("disabled") == true || !IsNew(member, faults))
            return null;
        // Ignored, the server would lack its variables, and be found broken only when it is used.
        if (map.Find(EnvFile) is { } file)
            faults.Error(file.Line, $"'{EnvFile}' is not read here", "write its variables as env: { NAME: \"${NAME}\" }");
        var command = Expanded(fields, "command", faults);
        var credentials = new CredentialList(keys, faults);
        var url = ReadUrl(fields, faults, credentials);
        var transport = Transport(fields, faults, map);
        return transport is null ? null : new(
            member.Key, ToolName.GovernedServer(member.Key), transport, command,
            [.. fields.List("args", "write a list").Select(n => Expanded(n, "args", faults)).OfType<string>()],
            Texts(fields, CredentialPlace.Env, faults, credentials), transport == "stdio" ? Folder(fields, faults) : null, url,
            Texts(fields, CredentialPlace.Headers, faults, credentials))
        {
            PublicOnly = IsPublicOnly(fields, faults, transport),
            Credentials = credentials.Texts,
            Mask = new(credentials.Secrets),
        };
    }

    private bool IsNew(Member member, Faults faults)
    {
        var governed = ToolName.GovernedServer(member.Key);
        if (governed.Length == 0)
            faults.Error(member.Line, "the server has no name", "give it one");
        else if (names.TryAdd(governed, (member.Key, member.Line)))
            return true;
        else
            faults.Error(member.Line,
                $"policy reads this name like '{names[governed].Name}' in line {names[governed].Line}, as '{governed}'", "rename one");
        return false;
    }

    /// <summary>Null, and a fault, when it is unclear how to reach the server.</summary>
    private static string? Transport(Fields fields, Faults faults, MapNode map)
    {
        bool hasCommand = fields.Node("command") is not null, hasUrl = fields.Node("url") is not null;
        if (hasCommand == hasUrl)
        {
            faults.Error(map, hasUrl ? "it has both 'command' and 'url'" : "it has neither 'command' nor 'url'", EntryCure);
            return null;
        }
        var key = fields.Node("type") is not null ? "type" : "transport";
        if (fields.Node(key) is null)
            return hasCommand ? "stdio" : "http";
        var word = fields.Word(key, "stdio", "http", "sse", "streamable-http", "streamable_http", "streamableHttp");
        if (word is null || hasCommand == (word == "stdio"))
            return word is null or "stdio" or "sse" ? word : "http";
        faults.Error(fields.LineOf(key), $"'{key}' is '{word}', but it has '{(hasCommand ? "command" : "url")}'", EntryCure);
        return null;
    }

    private static bool IsPublicOnly(Fields fields, Faults faults, string transport)
    {
        var network = fields.Word("network", "any", "public");
        if (network is not null && transport == "stdio")
            faults.Error(fields.LineOf("network"), "'network' is about an address, and this server is a command", "remove it");
        return network == "public";
    }

    private Uri? ReadUrl(Fields fields, Faults faults, CredentialList credentials)
    {
        if (Text(fields.Node("url"), CredentialPlace.Url, "url", faults, credentials) is not { } text)
            return null;
        if (!CredentialList.LeavesTheServerAlone(text))
        {
            faults.Error(fields.LineOf("url"), "a file or command says which host it is, or who signs in there", "write the host, and the reference in the path or query");
            return null;
        }
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            return url;
        // The address may carry a token, so it is not repeated.
        faults.Error(fields.LineOf("url"), "'url' is no http or https address", "write one such as https://billing.example/mcp");
        return null;
    }

    private string Folder(Fields fields, Faults faults) =>
        Expanded(fields, "cwd", faults) is { } cwd ? Path.GetFullPath(cwd, keys.Directory) : keys.Directory;

    /// <summary>Those that refer to nothing that must be looked up; the others go to the list.</summary>
    private Dictionary<string, string> Texts(Fields fields, CredentialPlace place, Faults faults, CredentialList credentials)
    {
        var (texts, key) = (new Dictionary<string, string>(StringComparer.Ordinal), place == CredentialPlace.Env ? "env" : "headers");
        foreach (var member in fields.Block(key, "write a block of names and values")?.Members ?? [])
        {
            if (Text(member.Value, place, member.Key, faults, credentials) is { } text && !CredentialReader.HasReference(((ScalarNode)member.Value).Text))
                texts[member.Key] = text;
        }
        return texts;
    }

    /// <summary>What it says, or, where a part of it must be looked up, what is written.</summary>
    private string? Text(Node? node, CredentialPlace place, string name, Faults faults, CredentialList credentials)
    {
        if (node is ScalarNode { IsNull: false } scalar && CredentialReader.HasReference(scalar.Text))
            return credentials.AddReference(place, name, scalar);
        var said = node is null ? null : Expanded(node, place == CredentialPlace.Url ? name : $"{(place == CredentialPlace.Env ? "env" : "headers")}.{name}", faults);
        if (said is not null)
            credentials.AddSaid(place, name, ((ScalarNode)node!).Text, said);
        return said;
    }

    private string? Expanded(Fields fields, string key, Faults faults) =>
        fields.Node(key) is { } node ? Expanded(node, key, faults) : null;

    /// <summary>An empty text is a value here: servers are given empty variables and arguments.</summary>
    private string? Expanded(Node node, string name, Faults faults)
    {
        if (node is ScalarNode { IsNull: false } scalar && (scalar.Text.Length > 0 || name is not ("command" or "url")))
            return keys.Expand(scalar.Text, node.Line, faults);
        faults.Error(node, $"'{name}' is {node.Kind}", "write text");
        return null;
    }
}
