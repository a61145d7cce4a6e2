using System.Net;
using System.Net.Sockets;

namespace McpGovern.ConsolePages;

/// <summary>Ten wrong keys a minute from one address; after them even a right one has to wait.</summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    private const int MaxTries = 10, MaxAddresses = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (DateTimeOffset Until, int Tries)> _tries = [];

    /// <summary>Counts a try before it is known how it ends, so that many at once are not more than ten.</summary>
    /// <returns>How long to wait, or <c>null</c> where the try may go on.</returns>
    public TimeSpan? Begin(IPAddress? address)
    {
        lock (_lock)
        {
            var (now, name) = (time.GetUtcNow(), NameOf(address));
            Forget(now);
            var (until, tries) = _tries.GetValueOrDefault(name, (now + Window, 0));
            if (tries >= MaxTries)
            {
                return until - now;
            }

            _tries[name] = (until, tries + 1);
            return null;
        }
    }

    /// <summary>A right key does not count.</summary>
    public void Succeeded(IPAddress? address)
    {
        lock (_lock)
        {
            if (_tries.TryGetValue(NameOf(address), out var entry))
            {
                _tries[NameOf(address)] = entry with { Tries = entry.Tries - 1 };
            }
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (name, _) in _tries.Where(pair => pair.Value.Until <= now).ToArray())
        {
            _tries.Remove(name);
        }

        if (_tries.Count >= MaxAddresses)
        {
            _tries.Clear();
        }
    }

    // A subscriber's network has 2^64 addresses of version 6.
    private static string NameOf(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.ToString(),
    };
}
