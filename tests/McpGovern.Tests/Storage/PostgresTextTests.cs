using McpGovern.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpGovern.Tests.Storage;

public sealed class PostgresTextTests
{
    public static TheoryData<string, string, int, string?, string?, string?> Spellings => new()
    {
        { "postgres://me:p%40ss@db.example:6543/calls", "db.example", 6543, "calls", "me", "p@ss" },
        { "postgresql://me@db.example/calls?sslmode=verify-full&connect_timeout=3", "db.example", 5432, "calls", "me", null },
        { "postgres:///calls?host=/var/run/postgresql&user=me", "/var/run/postgresql", 5432, "calls", "me", null },
        { "Host=db.example;Port=6543;Database=calls;Username=me;Password='p;ss'", "db.example", 6543, "calls", "me", "p;ss" },
        { "Server=db.example;Database=calls;User Id=me", "db.example", 5432, "calls", "me", null },
    };

    [Theory, MemberData(nameof(Spellings))]
    public void Read_OfEachSpelling_FindsTheParts(string text, string host, int port, string? database, string? user, string? password)
    {
        var settings = PostgresText.Read(text);

        Assert.Equal((host, port, database, user, password), (settings.Host, settings.Port, settings.Database, settings.Username, settings.Password));
        Assert.Contains("synchronous_commit=on", settings.Options, StringComparison.Ordinal);
        Assert.Equal(text.Contains("connect_timeout", StringComparison.Ordinal) ? 3 : 5, settings.Timeout);
        Assert.Equal(text.Contains("verify-full", StringComparison.Ordinal) ? SslMode.VerifyFull : SslMode.Prefer, settings.SslMode);
    }

    [Theory]
    [InlineData("postgres://me:secret@h/db?sslmode=sometimes")]
    [InlineData("postgres://me:secret@h/db?colour=blue")]
    [InlineData("postgres://me:secret@h:port/db")]
    [InlineData("Host=h;Password=secret;Colour=blue")]
    [InlineData("Host=h;Password=secret;Port=many")]
    public void Open_OfAnUnfitText_SaysSoWithoutTheSecret(string text)
    {
        var fault = Assert.Throws<FormatException>(() => CallStores.Open(text, TimeProvider.System, NullLoggerFactory.Instance));

        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Description_HoldsNoCredentials()
    {
        await using var store = CallStores.Open("postgres://me:secret@h:1/db", TimeProvider.System, NullLoggerFactory.Instance);

        Assert.Equal("postgres://h:1/db", store.Description);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CallStores.Open("postgres://me:secret@127.0.0.1:1/db", TimeProvider.System,
            NullLoggerFactory.Instance).LoadAsync("call_1", default));
    }
}
