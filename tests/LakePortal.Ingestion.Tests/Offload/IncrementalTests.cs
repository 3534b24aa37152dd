using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Offload;

[Collection(PostgresTests.Name)]
public sealed class IncrementalTests(PostgresServer server)
{
    [Fact]
    public async Task A_transaction_that_commits_late_with_an_older_cursor_is_not_missed()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz); INSERT INTO t VALUES (1, 'a', '2024-01-01'), (2, 'b', '2024-01-02')");
        await lake.SyncAsync("public.t", "mode: batch\ncursor: updated_at");
        await using var late = new NpgsqlConnection(server.ConnectionString(lake.Database));
        await late.OpenAsync();
        await using var transaction = await late.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO t VALUES (3, 'late', '2023-06-01'); UPDATE t SET v = 'changed late', updated_at = '2023-06-01' WHERE id = 1", late, transaction))
        {
            await insert.ExecuteNonQueryAsync();
        }

        await lake.ExecuteAsync("INSERT INTO t VALUES (4, 'early', '2024-06-01')");
        await lake.SucceedAsync("src_t");
        Assert.Equal(["1|a", "2|b", "4|early"], await lake.QueryAsync("SELECT id, v FROM refined.src_t ORDER BY id"));

        await transaction.CommitAsync();
        await lake.ExecuteAsync("INSERT INTO t VALUES (5, 'new', '2024-07-01')");
        var second = await lake.SucceedAsync("src_t");

        Assert.Equal("incremental", (string)second.Result!["load"]!);
        Assert.Equal(["1|changed late", "2|b", "3|late", "4|early", "5|new"], await lake.QueryAsync("SELECT id, v FROM refined.src_t ORDER BY id"));

        // Only what was written since the first snapshot's oldest open transaction came again, not the whole table.
        Assert.InRange((long)second.Result!["rows_read"]!, 3, 4);
        var status = await lake.Lake.SendAsync(new GetSyncStatus("src_t"));
        Assert.StartsWith("2024-07-01", status.CursorValue, StringComparison.Ordinal);
        Assert.Contains("not deleted", status.Summary.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_new_commits_nothing()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp); INSERT INTO t VALUES (1, now())");
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");

        var second = await lake.SucceedAsync("src_t");

        Assert.Null(second.Result!["raw_snapshot_id"]);
        Assert.Equal(1L, (long)second.Result!["rows_refined"]!);
    }

    [Fact]
    public async Task A_full_run_sees_deletes()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp); INSERT INTO t VALUES (1, now()), (2, now())");
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("DELETE FROM t WHERE id = 1");

        await lake.SucceedAsync("src_t", "full");

        Assert.Equal(["2"], await lake.QueryAsync("SELECT id FROM refined.src_t"));
    }

    [Fact]
    public async Task A_table_that_was_made_anew_is_loaded_in_full()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp); INSERT INTO t VALUES (1, now()), (2, now())");
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp); INSERT INTO t VALUES (3, now())");

        var second = await lake.SucceedAsync("src_t");

        Assert.Equal("full", (string)second.Result!["load"]!);
        Assert.Equal(["3"], await lake.QueryAsync("SELECT id FROM refined.src_t"));
    }

    [Fact]
    public async Task Without_a_key_it_is_refused_with_a_hint()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int, updated_at timestamp)");
        await lake.SyncAsync("public.t", "cursor: updated_at");

        var run = await lake.RunAsync("src_t");

        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal("ingestion.incremental-not-possible", run.Error!.Code);
        Assert.Contains("key", run.Error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_inheritors_take_the_key_away_is_said()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp); CREATE TABLE child () INHERITS (t)");
        await lake.SyncAsync("public.t", "cursor: updated_at");

        var run = await lake.RunAsync("src_t");

        Assert.Equal("ingestion.incremental-not-possible", run.Error!.Code);
        Assert.Contains("inherit from it", run.Error.Message, StringComparison.Ordinal);
    }
}
