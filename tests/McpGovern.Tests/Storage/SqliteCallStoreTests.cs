using Microsoft.Data.Sqlite;

namespace McpGovern.Tests.Storage;

public sealed class SqliteCallStoreTests : CallStoreContract, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mcpgovern-store-").FullName;

    protected override Task<string> CreateAsync() => Task.FromResult($"sqlite:{folder}/new/calls.db");

    protected override string Table(string name) => name;

    protected override async Task TamperAsync(string storeText, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={storeText["sqlite:".Length..]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
