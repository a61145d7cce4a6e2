using System.Text;
using System.Text.Json;
using McpGovern.Settings;

namespace McpGovern.Cli;

/// <summary>A client's file as it is, byte by byte, and where in it the servers stand: all else is never written anew.</summary>
/// <param name="Start">The first byte of the block of servers.</param>
/// <param name="End">The byte behind it.</param>
/// <param name="Indent">The blanks before the block's key; null where the file is not laid out in lines.</param>
internal sealed record ClientFile(string Path, byte[] Bytes, string Key, int Start, int End, string? Indent, IReadOnlyList<string> Servers)
{
    private static readonly byte[] Bom = [0xEF, 0xBB, 0xBF];

    // Clients take comments and trailing commas, each in its own measure.
    private static readonly JsonReaderOptions Lenient = new() { CommentHandling = JsonCommentHandling.Allow, AllowTrailingCommas = true, MaxDepth = 256 };

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public string Block => Strict.GetString(Bytes.AsSpan(Start..End));

    /// <summary>The line that the block begins in.</summary>
    public int Line => LineOf(Bytes, Start);

    /// <summary>The file, with another block if one is given, as it may be printed.</summary>
    public string Shown(string? block = null)
    {
        var bytes = block is null ? Bytes : With(block);
        return SecretMask.Of(bytes, Start, bytes.Length - (Bytes.Length - End));
    }

    public bool HasOnly(string server) => Servers is [var only] && only == server;

    /// <summary>The file with another block.</summary>
    public byte[] With(string block) => [.. Bytes.AsSpan(0, Start), .. Encoding.UTF8.GetBytes(block), .. Bytes.AsSpan(End)];

    /// <summary>Null where it cannot be read, or has no block of servers; why is in the faults.</summary>
    public static ClientFile? Read(ClientPlace place, Faults faults)
    {
        try
        {
            return Find(place, File.ReadAllBytes(place.Path), faults);
        }
        catch (JsonException e)
        {
            faults.Error((int)(e.LineNumber ?? 0) + 1, "this is not JSON as clients write it", "correct it");
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            faults.Error(0, "its servers hold text that is no Unicode", "correct it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Error(0, "the file cannot be read", e is FileNotFoundException or DirectoryNotFoundException ? "name another" : e.Message);
        }

        return null;
    }

    private static ClientFile? Find(ClientPlace place, byte[] bytes, Faults faults)
    {
        var (path, within, keys) = (place.Path, place.Within, place.Keys);
        var offset = bytes.AsSpan().StartsWith(Bom) ? Bom.Length : 0;
        var reader = new Utf8JsonReader(bytes.AsSpan(offset), Lenient);
        ClientFile? found = null;
        // How many of the keys above the block the reader stands behind.
        var inside = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            inside = Math.Min(inside, reader.CurrentDepth - 1);
            if (inside != reader.CurrentDepth - 1)
            {
                continue;
            }

            if (inside < within.Count)
            {
                inside += reader.ValueTextEquals(within[inside]) ? 1 : 0;
                continue;
            }

            if (KeyAt(ref reader, keys) is not { } key)
            {
                continue;
            }

            var at = offset + (int)reader.TokenStartIndex;
            if (found is not null)
            {
                faults.Error(LineOf(bytes, at), $"there is '{key}' after '{found.Key}'", "keep one block of servers");
                return null;
            }

            found = ReadBlock(ref reader, new(path, bytes, key, 0, 0, IndentAt(bytes, at), []), offset, faults);
            if (found is null)
            {
                return null;
            }
        }

        if (found is null)
        {
            faults.Error(0, $"it has no block {Spelling.Choice(keys)}", "name another file with --from");
        }

        return found;
    }

    private static string? KeyAt(ref Utf8JsonReader reader, IReadOnlyList<string> keys)
    {
        foreach (var key in keys)
        {
            if (reader.ValueTextEquals(key))
            {
                return key;
            }
        }

        return null;
    }

    private static ClientFile? ReadBlock(ref Utf8JsonReader reader, ClientFile file, int offset, Faults faults)
    {
        do
        {
            reader.Read();
        }
        while (reader.TokenType == JsonTokenType.Comment);

        var start = offset + (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            faults.Error(LineOf(file.Bytes, start), $"'{file.Key}' is no block of servers", "name another file with --from");
            return null;
        }

        var servers = new List<string>();
        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth))
        {
            if (reader.TokenType == JsonTokenType.Comment)
            {
                faults.Error(LineOf(file.Bytes, offset + (int)reader.TokenStartIndex), "a comment among the servers would be lost",
                    "move it out of the block; comments elsewhere stay as they are");
            }
            else if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == depth + 1)
            {
                servers.Add(reader.GetString()!);
            }
        }

        var found = file with { Start = start, End = offset + (int)reader.BytesConsumed, Servers = servers };
        _ = found.Block;
        return found;
    }

    private static string? IndentAt(byte[] bytes, int at)
    {
        var line = Encoding.UTF8.GetString(bytes.AsSpan(0, at)).Split('\n');
        return line.Length > 1 && line[^1].Length > 0 && string.IsNullOrWhiteSpace(line[^1]) ? line[^1] : null;
    }

    private static int LineOf(byte[] bytes, int at) => bytes.AsSpan(0, at).Count((byte)'\n') + 1;
}
