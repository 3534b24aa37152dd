using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Offload;

[Collection(PostgresTests.Name)]
public sealed class FullLoadTests(PostgresServer server)
{
    [Fact]
    public async Task A_table_arrives_in_raw_and_refined()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE orders (id int PRIMARY KEY, amount numeric(12,2), note text); INSERT INTO orders SELECT i, i * 1.25, 'n' || i FROM generate_series(1, 5000) i");
        await lake.SyncAsync("public.orders");

        var run = await lake.SucceedAsync("src_orders");

        Assert.Equal(5000L, (long)run.Result!["rows_refined"]!);
        Assert.Equal("5000|5000|15628125.00", (await lake.QueryAsync("SELECT count(*), max(id), sum(amount)::VARCHAR FROM refined.src_orders")).Single());
        var raw = (await lake.QueryAsync("SELECT DISTINCT _op, _load_type, _position ~ '^[0-9A-F]+/[0-9A-F]+$', _txid, _committed_at::VARCHAR, _ingested_at IS NOT NULL FROM raw.src_orders")).Single();
        Assert.Equal("r|BATCH|true|∅|∅|true", raw);
        var status = await lake.Lake.SendAsync(new GetSyncStatus("src_orders"));
        Assert.Equal("idle", status.Summary.State);
        Assert.Equal(["id"], status.Key);
        Assert.NotNull(status.SourcePosition);
        Assert.All(status.Current!.Chunks, c => Assert.Equal("done", c.State));
    }

    [Fact]
    public async Task A_second_load_replaces_the_first()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
        await lake.SyncAsync("public.t", "mode: snapshot");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("DELETE FROM t WHERE id = 1; UPDATE t SET v = 'c'; INSERT INTO t VALUES (3, 'd')");

        await lake.SucceedAsync("src_t");

        foreach (var table in (string[])["raw.src_t", "refined.src_t"])
        {
            Assert.Equal(["2|c", "3|d"], await lake.QueryAsync($"SELECT id, v FROM {table} ORDER BY id"));
        }
    }
}
