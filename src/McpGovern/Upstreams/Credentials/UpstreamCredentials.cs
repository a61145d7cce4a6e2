using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace McpGovern.Upstreams;

/// <summary>
/// Looks up what an upstream's settings only refer to. Files are read every time; commands run when a connection is made and when the
/// upstream refuses what they said before.
/// </summary>
internal sealed class UpstreamCredentials(UpstreamConfig config, UpstreamLimits limits, TimeProvider time)
{
    // An upstream that refuses everything must not have us run a program for each of its answers.
    private static readonly TimeSpan BetweenRuns = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, string> _said = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task<List<Found>> _running = Task.FromResult(new List<Found>());
    private string _fixedAs = "";
    private long? _ranAt;

    public bool AreLookedUp => config.Credentials.Count > 0;

    /// <summary>The settings with everything looked up; for one connection.</summary>
    /// <exception cref="CredentialException">A reference leads to nothing usable.</exception>
    public async Task<UpstreamConfig> ResolveAsync(CancellationToken ct)
    {
        if (!AreLookedUp)
            return config;
        var found = await FindAsync(config.Credentials, runAgain: true, ct);
        _fixedAs = HashOfFixed(found);
        return config with
        {
            Env = Merged(config.Env, CredentialPlace.Env, found),
            Headers = Merged(config.Headers, CredentialPlace.Headers, found),
            Url = AddressIn(found) ?? config.Url,
        };
    }

    /// <summary>Whether a connection that was just made would be made in the same way; headers go with every request and do not count.</summary>
    /// <exception cref="CredentialException">A reference leads to nothing usable.</exception>
    public async Task<bool> AreCurrentAsync(CancellationToken ct) =>
        !AreLookedUp || HashOfFixed(await FindAsync(config.Credentials, runAgain: false, ct)) == _fixedAs;

    /// <exception cref="NotSentException">A reference leads to nothing usable.</exception>
    public async Task ApplyAsync(HttpRequestMessage request, CancellationToken ct) => Apply(request, await HeadersAsync(ct));

    /// <summary>After a refusal: whether there is something else to be said, which the request says now.</summary>
    /// <exception cref="NotSentException">A reference leads to nothing usable.</exception>
    public async Task<bool> RenewAsync(HttpRequestMessage request, CancellationToken ct)
    {
        // Another refusal may have led to it already.
        if (Apply(request, await HeadersAsync(ct)))
            return true;
        var commands = config.Credentials
            .Where(text => text.Place == CredentialPlace.Headers && text.Parts.Any(part => part is CredentialPart.FromCommand)).ToArray();
        if (commands.Length == 0)
            return false;
        await SayingNotSent(RunAgain(commands));
        return Apply(request, await HeadersAsync(ct));
    }

    /// <summary>Once for all who were refused at the same time.</summary>
    private Task<List<Found>> RunAgain(IEnumerable<CredentialText> texts)
    {
        lock (_gate)
        {
            if (_ranAt is not { } at || time.GetElapsedTime(at) >= BetweenRuns)
                (_ranAt, _running) = (time.GetTimestamp(), FindAsync(texts, runAgain: true, CancellationToken.None));
            return _running;
        }
    }

    private Task<List<Found>> HeadersAsync(CancellationToken ct) =>
        SayingNotSent(FindAsync(config.Credentials.Where(text => text.Place == CredentialPlace.Headers), runAgain: false, ct));

    private static async Task<List<Found>> SayingNotSent(Task<List<Found>> finding)
    {
        try
        {
            return await finding;
        }
        catch (CredentialException e)
        {
            throw new NotSentException(e.Message, e);
        }
    }

    private static bool Apply(HttpRequestMessage request, List<Found> headers)
    {
        var changed = false;
        foreach (var (text, value) in headers)
        {
            if (request.Headers.TryGetValues(text.Name, out var before) && before.SequenceEqual([value]))
                continue;
            request.Headers.Remove(text.Name);
            request.Headers.TryAddWithoutValidation(text.Name, value);
            changed = true;
        }

        return changed;
    }

    private async Task<List<Found>> FindAsync(IEnumerable<CredentialText> texts, bool runAgain, CancellationToken ct)
    {
        var (found, parts) = (new List<Found>(), new List<string>());
        foreach (var text in texts)
        {
            var value = new StringBuilder();
            foreach (var part in text.Parts)
            {
                var piece = await FindAsync(text, part, runAgain, ct);
                value.Append(piece);
                if (part is not CredentialPart.Words)
                    parts.Add(piece);
            }

            found.Add(new(text, Usable(text, value.ToString())));
        }

        config.Mask.Add(parts);
        return found;
    }

    private async Task<string> FindAsync(CredentialText text, CredentialPart part, bool runAgain, CancellationToken ct)
    {
        switch (part)
        {
            case CredentialPart.Words words:
                return words.Text;
            case CredentialPart.FromFile file:
                return Full(CredentialFile.Read(text, file), text, file.Shown);
            case CredentialPart.FromCommand command:
                if (runAgain || !_said.TryGetValue(command.Shown, out var said))
                    _said[command.Shown] = said = Full(await CredentialCommand.RunAsync(text, command, limits.CredentialTimeout, time, ct), text, command.Shown);
                return said;
            default:
                throw new System.Diagnostics.UnreachableException(part.GetType().Name);
        }
    }

    private static string Full(string found, CredentialText text, string shown) =>
        found.Length == 0 ? throw new CredentialException(text, shown, "is empty")
        : found.Contains('\0', StringComparison.Ordinal) ? throw new CredentialException(text, shown, "is no text")
        : found;

    private string Usable(CredentialText text, string value)
    {
        var shown = string.Join(" and ", text.Parts.Select(part => part.Shown).Where(reference => reference.Length > 0));
        if (text.Place == CredentialPlace.Headers && value.Any(c => c is < ' ' and not '\t' or > '~'))
            throw new CredentialException(text, shown, "holds line ends or other characters that no header may hold");
        if (text.Place == CredentialPlace.Url && !IsSameServer(value))
            throw new CredentialException(text, shown, "makes no address on the configured host");
        return value;
    }

    private bool IsSameServer(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url)
        && url.Scheme == config.Url!.Scheme && url.Authority == config.Url.Authority && url.UserInfo == config.Url.UserInfo;

    private static Dictionary<string, string> Merged(IReadOnlyDictionary<string, string> plain, CredentialPlace place, List<Found> found)
    {
        var merged = new Dictionary<string, string>(plain, StringComparer.Ordinal);
        foreach (var (text, value) in found.Where(f => f.Text.Place == place))
            merged[text.Name] = value;
        return merged;
    }

    private static Uri? AddressIn(List<Found> found) => found.Find(f => f.Text.Place == CredentialPlace.Url) is { } url ? new Uri(url.Value) : null;

    private static string HashOfFixed(List<Found> found)
    {
        var text = string.Concat(found.Where(f => f.Text.Place != CredentialPlace.Headers).Select(f => $"{f.Text.Setting}\0{f.Value}\0"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private sealed record Found(CredentialText Text, string Value);
}
