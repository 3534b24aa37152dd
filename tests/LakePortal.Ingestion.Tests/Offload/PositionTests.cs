using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Npgsql;
using NpgsqlTypes;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>The log position of a load and its rows: whoever reads the log from there on neither misses nor repeats a transaction.</summary>
[Collection(PostgresTests.Name)]
public sealed class PositionTests(PostgresServer server)
{
    [Fact]
    public async Task Every_transaction_is_either_in_the_rows_or_behind_the_position()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        await lake.SyncAsync("public.t");
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(() => WriteAsync(lake.Database, stop.Token));
        List<RunInfo> runs = [];
        List<HashSet<int>> loaded = [];
        for (var i = 0; i < 3; i++)
        {
            runs.Add(await lake.SucceedAsync("src_t"));
            loaded.Add([.. (await lake.QueryAsync("SELECT id FROM refined.src_t")).Select(int.Parse)]);
        }

        await stop.CancelAsync();
        var written = await writing;

        Assert.Contains(loaded, rows => rows.Count > 0);
        foreach (var (run, rows) in runs.Zip(loaded))
        {
            Assert.True((bool)run.Result!["position_exact"]!);
            var position = NpgsqlLogSequenceNumber.Parse((string)run.Result!["position"]!);
            Assert.All(written.Where(w => w.After < position), w => Assert.Contains(w.Id, rows));
            Assert.All(written.Where(w => w.Before >= position), w => Assert.DoesNotContain(w.Id, rows));
        }
    }

    [Fact]
    public async Task A_role_that_may_not_replicate_loads_without_an_exact_position()
    {
        var role = $"r_{Guid.NewGuid():N}";
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync($"CREATE ROLE {role} LOGIN; CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); GRANT SELECT ON t TO {role}");
        await lake.ApplyAsync(lake.SourceYaml().Replace($"username: {server.User}", $"username: {role}", StringComparison.Ordinal), "kind: sync\nsource: src\ntables: [public.t]");

        var run = await lake.SucceedAsync("src_t");

        Assert.False((bool)run.Result!["position_exact"]!);
        Assert.Equal(["1"], await lake.QueryAsync("SELECT id FROM refined.src_t"));
    }

    [Fact]
    public async Task No_slot_is_left_behind()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        await lake.SyncAsync("public.t");

        await lake.SucceedAsync("src_t");

        await using var connection = new NpgsqlConnection(server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_replication_slots WHERE database = $1", connection) { Parameters = { new() { Value = lake.Database } } };
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    /// <summary>Rows in transactions of their own, with log positions that were current before and after each.</summary>
    private async Task<List<(int Id, NpgsqlLogSequenceNumber Before, NpgsqlLogSequenceNumber After)>> WriteAsync(string database, CancellationToken cancellationToken)
    {
        var written = new List<(int, NpgsqlLogSequenceNumber, NpgsqlLogSequenceNumber)>();
        await using var connection = new NpgsqlConnection(server.ConnectionString(database));
        await connection.OpenAsync(CancellationToken.None);
        for (var id = 1; !cancellationToken.IsCancellationRequested; id++)
        {
            var before = await PositionAsync(connection);
            await using (var insert = new NpgsqlCommand($"INSERT INTO t VALUES ({id})", connection))
            {
                await insert.ExecuteNonQueryAsync(CancellationToken.None);
            }

            written.Add((id, before, await PositionAsync(connection)));
        }

        return written;
    }

    private static async Task<NpgsqlLogSequenceNumber> PositionAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT pg_current_wal_insert_lsn()", connection);
        return (NpgsqlLogSequenceNumber)(await command.ExecuteScalarAsync())!;
    }
}
