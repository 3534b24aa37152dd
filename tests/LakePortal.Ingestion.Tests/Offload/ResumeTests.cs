using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Loads that are stopped in the middle and continued, while the source changes.</summary>
[Collection(PostgresTests.Name)]
public sealed class ResumeTests(PostgresServer server)
{
    private const string Table = "CREATE TABLE t (id int PRIMARY KEY, v int, filler text) WITH (fillfactor = 70); INSERT INTO t SELECT i, 0, repeat('x', 300) || i FROM generate_series(1, 30000) i";

    [Fact]
    public async Task A_cancelled_load_is_invisible_and_the_next_one_continues_it()
    {
        await using var lake = await StartAsync();
        await StopAfterAsync(lake, 3);
        Assert.Equal("0", await lake.ScalarAsync("SELECT count(*) FROM raw.src_t"));

        // Rows move between pages that were read and pages that were not, in both directions.
        await lake.ExecuteAsync("UPDATE t SET v = 1 WHERE id % 3 = 0; DELETE FROM t WHERE id % 1000 = 7; INSERT INTO t SELECT i, 2, 'new' FROM generate_series(30001, 30500) i");
        var run = await lake.SucceedAsync("src_t");

        var log = await lake.Runs.ReadLogAsync(run.Id, 0, 100, CancellationToken.None);
        Assert.True((string)run.Result!["consistency"]! == "several-moments", string.Join('\n', log.Select(l => l.Message)));
        Assert.Equal("one-moment", (string)run.Result!["refined_consistency"]!);
        Assert.Contains((await lake.Lake.SendAsync(new GetSyncRun(run.Id))).Chunks, c => c.State == "kept");
        Assert.NotEqual("0", await lake.ScalarAsync("SELECT count(*) FROM raw.src_t WHERE \"_op\" = 'd'"));
        await AssertEqualAsync(lake);
    }

    [Fact]
    public async Task Without_changes_a_continued_load_equals_the_source()
    {
        await using var lake = await StartAsync();
        await StopAfterAsync(lake, 2);

        await lake.SucceedAsync("src_t");

        Assert.Equal("0", await lake.ScalarAsync("SELECT count(*) FROM raw.src_t WHERE \"_op\" = 'd'"));
        Assert.Equal("30000", await lake.ScalarAsync("SELECT count(*) FROM raw.src_t"));
        await AssertEqualAsync(lake);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Stopped_twice_anywhere_while_rows_change_it_ends_as_the_source_is(int seed)
    {
        var random = new Random(seed);
        await using var lake = await StartAsync();
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() => ChangeAsync(lake.Database, seed, stop.Token));
        try
        {
            await StopAfterAsync(lake, random.Next(1, 12));
            await StopAfterAsync(lake, random.Next(1, 12));
        }
        finally
        {
            await stop.CancelAsync();
            await writer;
        }

        await lake.SucceedAsync("src_t");

        await AssertEqualAsync(lake);
    }

    [Fact]
    public async Task A_key_that_was_deleted_and_used_again_is_the_new_row()
    {
        await using var lake = await StartAsync();
        await StopAfterAsync(lake, 4);
        await lake.ExecuteAsync("DELETE FROM t WHERE id <= 200; INSERT INTO t SELECT i, 9, 'again' FROM generate_series(1, 100) i");

        await lake.SucceedAsync("src_t");

        Assert.Equal("100", await lake.ScalarAsync("SELECT count(*) FROM refined.src_t WHERE v = 9"));
        await AssertEqualAsync(lake);
    }

    [Fact]
    public async Task A_type_that_changes_between_the_attempts_starts_the_load_over()
    {
        await using var lake = await StartAsync();
        await StopAfterAsync(lake, 2);
        await lake.ExecuteAsync("ALTER TABLE t ALTER v TYPE numeric(12,3) USING id / 8.0");

        var run = await lake.SucceedAsync("src_t");

        Assert.Equal("one-moment", (string)run.Result!["consistency"]!);
        Assert.Equal("decimal(12,3)", await Canonical.TypeAsync(lake, "refined.src_t", "v"));
        await AssertEqualAsync(lake);
    }

    [Fact]
    public async Task A_table_that_was_truncated_between_the_attempts_starts_the_load_over()
    {
        await using var lake = await StartAsync();
        await StopAfterAsync(lake, 2);
        await lake.ExecuteAsync("TRUNCATE t; INSERT INTO t VALUES (1, 1, 'only')");

        await lake.SucceedAsync("src_t");

        await AssertEqualAsync(lake);
    }

    private static async Task AssertEqualAsync(IngestionLake lake) =>
        Assert.Equal(await Canonical.SourceAsync(lake, "public", "t"), await Canonical.LakeAsync(lake, "refined.src_t"));

    private async Task<IngestionLake> StartAsync()
    {
        var lake = await IngestionLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync(Table);
        await lake.SyncAsync("public.t");
        return lake;
    }

    /// <summary>Starts a run and cancels it once so many chunks are done; one that is quicker has simply ended.</summary>
    private static async Task StopAfterAsync(IngestionLake lake, int chunks)
    {
        var runId = await lake.Lake.SendAsync(new RunSync("src_t"));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            var detail = await lake.Lake.SendAsync(new GetSyncRun(runId));
            if (detail.Run.State > RunState.Running || detail.Chunks.Count(c => c.State == "done") >= chunks)
            {
                break;
            }

            await Task.Delay(2, limit.Token);
        }

        await lake.Lake.SendAsync(new CancelSyncRun(runId));
        var ended = await lake.Lake.SendAsync(new AwaitSyncRun(runId));
        Assert.True(ended.State is RunState.Cancelled or RunState.Succeeded, ended.Error?.Message);
    }

    private async Task ChangeAsync(string database, int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        await using var connection = new NpgsqlConnection(server.ConnectionString(database));
        await connection.OpenAsync(CancellationToken.None);
        for (var next = 30001; !cancellationToken.IsCancellationRequested; next += 5)
        {
            var id = random.Next(1, next);
            var sql = random.Next(4) switch
            {
                0 => $"DELETE FROM t WHERE id BETWEEN {id} AND {id + 20}",
                1 => $"INSERT INTO t SELECT i, {id}, 'fresh' FROM generate_series({next}, {next + 4}) i",
                2 => $"UPDATE t SET id = id + 1000000 WHERE id = {id}",
                _ => $"UPDATE t SET v = v + 1, filler = filler || 'y' WHERE id BETWEEN {id} AND {id + 50}",
            };
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }
}
