using System.Diagnostics;
using McpGovern.Tests.Processes;
using Npgsql;

namespace McpGovern.Tests.Storage;

/// <summary>
/// A PostgreSQL for tests: the server that <c>MCPGOVERN_TEST_POSTGRES</c> names, else a private one from installed binaries.
/// A shell keeps the private one, stops it and removes its files when the pipe from this process closes, however this process ends.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string Keeper = """
        trap '' TERM INT HUP
        folder=$1 binaries=$2 port=$3
        start() { "$binaries/postgres" -D "$folder/data" -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 -c max_connections=300 >>"$folder/log" 2>&1 & }
        "$binaries/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
        echo made
        while read -r line; do
            case $line in
                stop) kill -QUIT $!; wait $!; echo stopped ;;
                kill) kill -KILL $! $(cat /proc/$!/task/$!/children); wait $!; echo killed ;;
                start) jobs >"$folder/jobs"; grep -q Running "$folder/jobs" || start; echo started ;;
            esac
        done
        kill -QUIT $!; wait $!; rm -rf "$folder"
        """;

    private static readonly Lazy<Task<PostgresServer>> Shared = new(StartOwnAsync);
    private readonly Process keeper;
    private int postmaster;

    private PostgresServer(Process keeper, int port) => (this.keeper, Port) = (keeper, port);

    public int Port { get; }

    /// <summary>A new, empty database on the server that all tests share; skips the test where there is no PostgreSQL.</summary>
    public static async Task<string> CreateDatabaseAsync() =>
        Environment.GetEnvironmentVariable("MCPGOVERN_TEST_POSTGRES") is { Length: > 0 } given
            ? await CreateDatabaseAsync(given)
            : await (await Shared.Value).CreateOwnDatabaseAsync();

    /// <summary>A server that a test may stop.</summary>
    public static async Task<PostgresServer> StartOwnAsync()
    {
        var binaries = FindBinaries();
        if (binaries is null && Environment.GetEnvironmentVariable("CI") == "true")
        {
            throw new InvalidOperationException("PostgreSQL is not installed, and CI=true allows no skipping");
        }

        Skip.If(binaries is null, "PostgreSQL is not installed and MCPGOVERN_TEST_POSTGRES is not set");
        var port = GovernProcess.FreePort();
        var folder = Directory.CreateTempSubdirectory("mcpgovern-pg-").FullName;
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = folder };
        string[] command = ["sh", "-c", Keeper, "keeper", folder, binaries!, $"{port}"];
        if (Environment.IsPrivilegedProcess)
        {
            // The server refuses to run as root.
            await RunAsync("chown", "postgres", folder);
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", .. command];
        }

        start.FileName = command[0];
        Array.ForEach(command[1..], start.ArgumentList.Add);
        var server = new PostgresServer(Process.Start(start)!, port);
        await server.ExpectAsync("made");
        await server.StartAsync();
        return server;
    }

    /// <summary>Stops it at once, as a crash would.</summary>
    public async Task StopAsync()
    {
        await keeper.StandardInput.WriteLineAsync("stop");
        await ExpectAsync("stopped");
    }

    /// <summary>SIGKILL for the server and all its processes at once.</summary>
    public async Task KillAsync()
    {
        await keeper.StandardInput.WriteLineAsync("kill");
        await ExpectAsync("killed");
    }

    public async Task StartAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            // What was killed may still have its memory or its port: then a start fails, and another does not.
            await keeper.StandardInput.WriteLineAsync("start");
            await ExpectAsync("started");
            try
            {
                await using var connection = await ConnectAsync();
                return;
            }
            catch (NpgsqlException) when (attempt < 600)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>The server's first process, whose children are all the others.</summary>
    public async Task<int> ProcessAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand("select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int", connection);
        return postmaster = (int)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Whether the process that <see cref="ProcessAsync"/> found last is gone; its keeper may not have buried it yet.</summary>
    public bool HasEnded() =>
        !File.Exists($"/proc/{postmaster}/status") || File.ReadLines($"/proc/{postmaster}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));

    public async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = await ConnectAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    public Task<string> CreateOwnDatabaseAsync() => CreateDatabaseAsync($"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres");

    public async ValueTask DisposeAsync()
    {
        keeper.StandardInput.Close();
        await keeper.WaitForExitAsync();
        keeper.Dispose();
    }

    private static async Task<string> CreateDatabaseAsync(string server)
    {
        var name = $"t_{Guid.CreateVersion7():n}";
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name} template template0 encoding 'UTF8'", connection);
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    private async Task ExpectAsync(string word)
    {
        var line = await keeper.StandardOutput.ReadLineAsync();
        if (line != word)
        {
            throw new InvalidOperationException($"PostgreSQL: {line} {await keeper.StandardOutput.ReadToEndAsync()}");
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static string? FindBinaries()
    {
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return OperatingSystem.IsWindows() ? null : debian.Concat(path).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
