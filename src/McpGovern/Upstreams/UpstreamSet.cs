using Microsoft.Extensions.Logging;

namespace McpGovern.Upstreams;

/// <summary>All upstreams of the settings; each stands alone, so that one that crashes changes nothing for the others.</summary>
internal sealed class UpstreamSet : IAsyncDisposable
{
    private readonly Dictionary<string, Upstream> _byName;

    public UpstreamSet(IEnumerable<UpstreamConfig> configs, UpstreamLimits limits, TimeProvider time, ILoggerFactory loggers)
    {
        All = [.. configs.Select(config => new Upstream(config, limits, time, new MaskingLogger(loggers.CreateLogger<Upstream>(), config.Mask), () => Memory))];
        _byName = All.ToDictionary(upstream => upstream.Name, StringComparer.Ordinal);
    }

    /// <summary>Where what is learnt of them is kept for other processes, once somebody keeps it.</summary>
    public IEraMemory? Memory { get; set; }

    /// <summary>In the settings' order.</summary>
    public IReadOnlyList<Upstream> All { get; }

    public Upstream? Find(string governedName) => _byName.GetValueOrDefault(governedName);

    public async ValueTask DisposeAsync() => await Task.WhenAll(All.Select(upstream => upstream.DisposeAsync().AsTask()));
}
