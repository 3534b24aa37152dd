using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Wire;

/// <summary>A line in the server's pg_hba.conf that has one role asked for its password, until disposed.</summary>
internal sealed class AskingServer : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly string _file;
    private readonly string _before;

    private AskingServer(PostgresServer server, string file, string before) => (_server, _file, _before) = (server, file, before);

    public static async Task<AskingServer> StartAsync(PostgresServer server, string role, string method)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SHOW hba_file", connection);
        var file = (string)(await command.ExecuteScalarAsync())!;
        var before = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, $"host all {role} 127.0.0.1/32 {method}\n{before}");
        await ReloadAsync(server);
        return new AskingServer(server, file, before);
    }

    public async ValueTask DisposeAsync()
    {
        await File.WriteAllTextAsync(_file, _before);
        await ReloadAsync(_server);
    }

    /// <summary>The postmaster reads the file when it gets round to it: done when the view of the file shows no error and a connection was made since.</summary>
    private static async Task ReloadAsync(PostgresServer server)
    {
        await server.ExecuteAsync("postgres", "SELECT pg_reload_conf()");
        await server.ExecuteAsync("postgres", "DO $$ DECLARE since timestamptz := clock_timestamp(); BEGIN FOR i IN 1..500 LOOP PERFORM pg_sleep(0.01); EXIT WHEN pg_conf_load_time() >= since - interval '1 second'; END LOOP; PERFORM pg_sleep(0.2); END $$");
    }
}
