using System.Text;
using System.Xml.Linq;
using McpGovern.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace McpGovern.ConsolePages;

/// <summary>Keeps the keys of cookies and form tokens in the store: every process of it reads the others', and none needs a folder.</summary>
internal sealed class SharedXmlRepository(ISharedState shared, TimeProvider time) : IXmlRepository
{
    private const string Prefix = "console-key:";

    // The framework asks rarely, and knows no asynchronous way.
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. shared.ReadAllAsync(Prefix, time.GetUtcNow(), CancellationToken.None).GetAwaiter().GetResult().Select(pair => XElement.Parse(Encoding.UTF8.GetString(pair.Value)))];

    public void StoreElement(XElement element, string friendlyName) =>
        shared.WriteAsync(Prefix + friendlyName, Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)), until: null, CancellationToken.None)
            .GetAwaiter().GetResult();
}
