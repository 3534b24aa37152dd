using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>PostgreSQL shows a truncated or rewritten table as empty to older snapshots: such statements have to wait for a load, or the load for them.</summary>
[Collection(PostgresTests.Name)]
public sealed class DdlDuringLoadTests(PostgresServer server)
{
    [Theory]
    [InlineData("TRUNCATE t")]
    [InlineData("DROP TABLE t")]
    [InlineData("ALTER TABLE t ALTER v TYPE bigint")]
    [InlineData("VACUUM FULL t")]
    public async Task It_waits_until_all_rows_are_read(string ddl)
    {
        await using var lake = await IngestionLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int, filler text); INSERT INTO t SELECT i, i, repeat('x', 300) FROM generate_series(1, 40000) i");
        await lake.SyncAsync("public.t");
        var runId = await lake.Lake.SendAsync(new RunSync("src_t"));
        while ((await lake.Lake.SendAsync(new GetSyncRun(runId))).Chunks.All(c => c.State is not ("reading" or "done")))
        {
            await Task.Delay(2);
        }

        await lake.ExecuteAsync(ddl);
        var run = await lake.Lake.SendAsync(new AwaitSyncRun(runId));

        Assert.Null(run.Error);
        Assert.Equal("40000|800020000", (await lake.QueryAsync("SELECT count(*), sum(v)::BIGINT FROM refined.src_t")).Single());
    }
}
