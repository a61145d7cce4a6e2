using Npgsql;

namespace McpGovern.Tests.Storage;

public sealed class PostgresCallStoreTests : CallStoreContract
{
    protected override Task<string> CreateAsync() => PostgresServer.CreateDatabaseAsync();

    protected override string Table(string name) => name is "streams" or "events" ? $"mcpgovern.mt_{name}" : $"mcpgovern.{name}";

    protected override async Task TamperAsync(string storeText, string sql)
    {
        await using var connection = new NpgsqlConnection(storeText + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
