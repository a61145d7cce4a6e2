using McpGovern.Storage;

namespace McpGovern.Tests.Storage;

/// <summary>A store that says what was just written in it, before whoever wrote it hears of that.</summary>
internal sealed class WatchedStore(ICallStore store) : ForwardingStore(store)
{
    /// <summary>Called with the key of what was written, or with the call's id.</summary>
    public Action<string> Written { get; set; } = _ => { };

    public override async Task<AppendResult> AppendAsync(Append append, CancellationToken ct)
    {
        var result = await base.AppendAsync(append, ct);
        Written(append.CallId);
        return result;
    }

    public override async Task WriteAsync(string key, byte[] value, DateTimeOffset? until, CancellationToken ct)
    {
        await base.WriteAsync(key, value, until, ct);
        Written(key);
    }

    public override async Task<byte[]> AddAsync(string key, byte[] value, DateTimeOffset? until, DateTimeOffset now, CancellationToken ct)
    {
        var standing = await base.AddAsync(key, value, until, now, ct);
        Written(key);
        return standing;
    }

    public override async Task RemoveAsync(string key, CancellationToken ct)
    {
        await base.RemoveAsync(key, ct);
        Written(key);
    }
}
