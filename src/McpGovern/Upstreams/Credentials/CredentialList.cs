using McpGovern.Settings;

namespace McpGovern.Upstreams;

/// <summary>Gathers, while a server's settings are read, what is to be looked up and what is to be kept quiet about.</summary>
internal sealed class CredentialList(SettingKeys keys, Faults faults)
{
    private readonly List<CredentialText> _texts = [];
    private readonly List<string> _secrets = [];

    public IReadOnlyList<CredentialText> Texts => _texts;

    public IReadOnlyList<string> Secrets => _secrets;

    /// <returns>What is written, with its variables expanded; null, and a fault, where it cannot be read.</returns>
    public string? AddReference(CredentialPlace place, string name, ScalarNode text)
    {
        _secrets.AddRange(KnownSecrets.In(place, name, text.Text, expanded: null, keys.Environment));
        if (CredentialReader.Read(place, name, text.Text, text.Line, keys, faults) is not { } read)
            return null;
        _texts.Add(read);
        return read.Written;
    }

    public void AddSaid(CredentialPlace place, string name, string text, string said) =>
        _secrets.AddRange(KnownSecrets.In(place, name, text, said, keys.Environment));

    /// <summary>Whether, whatever is looked up, the address stays on one host and in one name.</summary>
    public static bool LeavesTheServerAlone(string text)
    {
        if (!CredentialReader.HasReference(text))
            return true;
        var (one, other) = (Address(text, "a"), Address(text, "b.c@d:1"));
        return one is not null && other is not null && one.Scheme == other.Scheme && one.Authority == other.Authority && one.UserInfo == other.UserInfo;
    }

    private static Uri? Address(string text, string instead) => Uri.TryCreate(CredentialReader.With(text, instead), UriKind.Absolute, out var url) ? url : null;
}
