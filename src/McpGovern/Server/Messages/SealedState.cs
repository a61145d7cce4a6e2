using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using McpGovern.Calls;
using McpGovern.Storage;

namespace McpGovern.Server;

/// <summary>
/// What a client carries for us between two requests (<c>requestState</c>): nobody can read or change it, it opens only for the actor
/// and the request that it was made for, and only until its time is up. All processes of a store open each other's.
/// </summary>
internal sealed class SealedState(ISharedState shared, TimeProvider time)
{
    private const string KeyName = "key:request-state", Version = "v1.";
    private const int KeySize = 32, NonceSize = 12, TagSize = 16, TimeSize = 8;

    private byte[]? _key;

    /// <param name="binding">What it is for: a later request opens it only with the same.</param>
    /// <exception cref="StoreUnavailableException">The key cannot be read.</exception>
    public async Task<string> SealAsync(Actor actor, string binding, ReadOnlyMemory<byte> content, TimeSpan life, CancellationToken ct)
    {
        var key = await KeyAsync(ct);
        var plain = new byte[TimeSize + content.Length];
        BinaryPrimitives.WriteInt64BigEndian(plain, (time.GetUtcNow() + life).ToUnixTimeMilliseconds());
        content.CopyTo(plain.AsMemory(TimeSize));
        var message = new byte[NonceSize + TagSize + plain.Length];
        RandomNumberGenerator.Fill(message.AsSpan(0, NonceSize));
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(
            message.AsSpan(0, NonceSize), plain, message.AsSpan(NonceSize + TagSize), message.AsSpan(NonceSize, TagSize), BoundTo(actor, binding));
        return Version + Base64Url.EncodeToString(message);
    }

    /// <summary>The content, or <c>null</c> where it was changed, made for somebody or something else, or is too old.</summary>
    /// <exception cref="StoreUnavailableException">The key cannot be read.</exception>
    public async Task<byte[]?> OpenAsync(Actor actor, string binding, string state, CancellationToken ct)
    {
        if (!state.StartsWith(Version, StringComparison.Ordinal) || Decode(state.AsSpan(Version.Length)) is not { } message)
        {
            return null;
        }

        var key = await KeyAsync(ct);
        var plain = new byte[message.Length - NonceSize - TagSize];
        try
        {
            using var aes = new AesGcm(key, TagSize);
            aes.Decrypt(
                message.AsSpan(0, NonceSize), message.AsSpan(NonceSize + TagSize), message.AsSpan(NonceSize, TagSize), plain, BoundTo(actor, binding));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return BinaryPrimitives.ReadInt64BigEndian(plain) > time.GetUtcNow().ToUnixTimeMilliseconds() ? plain[TimeSize..] : null;
    }

    /// <summary>Whether this is the first time, over all processes, that the state is put to use.</summary>
    /// <param name="remember">At least as long as it could still be opened.</param>
    public async Task<bool> TryUseAsync(string state, TimeSpan remember, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var mine = RandomNumberGenerator.GetBytes(16);
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));
        var first = await shared.AddAsync($"used:{name}", mine, now + remember, now, ct);
        return mine.AsSpan().SequenceEqual(first);
    }

    private async ValueTask<byte[]> KeyAsync(CancellationToken ct) =>
        _key ??= await shared.AddAsync(KeyName, RandomNumberGenerator.GetBytes(KeySize), until: null, time.GetUtcNow(), ct);

    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text) is { Length: >= NonceSize + TagSize + TimeSize } message ? message : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    // A length before each part: no two pairs read alike.
    private static byte[] BoundTo(Actor actor, string binding) => Encoding.UTF8.GetBytes($"{actor.Id.Length}:{actor.Id}{binding}");
}
