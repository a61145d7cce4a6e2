namespace McpGovern.Upstreams;

/// <summary>Which block of a server's settings a text stands in.</summary>
internal enum CredentialPlace
{
    Env,
    Headers,
    Url,
}

/// <summary>A text of a server's settings that names a file or a command: what it says is looked up when it is needed, and kept nowhere.</summary>
internal sealed record CredentialText(CredentialPlace Place, string Name, IReadOnlyList<CredentialPart> Parts)
{
    /// <summary>What people call it: <c>headers.Authorization</c>.</summary>
    public string Setting => Place switch
    {
        CredentialPlace.Env => $"env.{Name}",
        CredentialPlace.Headers => $"headers.{Name}",
        _ => Name,
    };

    /// <summary>The words and the references.</summary>
    public string Written => string.Concat(Parts.Select(part => (part as CredentialPart.Words)?.Text ?? part.Shown));
}

internal abstract record CredentialPart
{
    private CredentialPart(string shown) => Shown = shown;

    /// <summary>A reference as it is written; empty for what is none, which may be a secret itself.</summary>
    public string Shown { get; }

    public sealed record Words(string Text) : CredentialPart("");

    public sealed record FromFile : CredentialPart
    {
        public FromFile(string path, string shown)
            : base(shown) => Path = path;

        /// <summary>Absolute.</summary>
        public string Path { get; }
    }

    public sealed record FromCommand : CredentialPart
    {
        public FromCommand(IReadOnlyList<string> command, string folder, string shown)
            : base(shown) => (Command, Folder) = (command, folder);

        /// <summary>The program and its arguments.</summary>
        public IReadOnlyList<string> Command { get; }

        /// <summary>The settings file's.</summary>
        public string Folder { get; }
    }
}

/// <summary>A reference that leads to nothing usable; the message names the setting and the reference, never what was found.</summary>
internal sealed class CredentialException(CredentialText text, string shown, string why) : UpstreamUnavailableException($"{text.Setting}: {shown} {why}");
