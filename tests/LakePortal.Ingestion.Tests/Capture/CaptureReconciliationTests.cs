using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.Capture;

[Collection(PostgresTests.Name)]
public sealed class CaptureReconciliationTests(PostgresServer server)
{
    [Fact]
    public async Task Writers_that_never_rest_cause_no_false_difference()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int, w text); INSERT INTO t SELECT i, 0, 'w' FROM generate_series(1, 20000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(_ => lake.WriteAsync(
            "UPDATE t SET v = v + 1, w = md5(random()::text) WHERE id BETWEEN 1 + (random() * 19990)::int AND 1 + (random() * 19990)::int AND random() < 0.01; DELETE FROM t WHERE id = 1 + (random() * 19999)::int; INSERT INTO t VALUES (20001 + (random() * 1e9)::int, -1, 'new') ON CONFLICT DO NOTHING",
            stop.Token)).ToList();

        var keys = 0L;
        for (var round = 0; round < 5; round++)
        {
            var found = await lake.ReconcileAsync("src_t");
            Assert.Equal(("equal", 0L, 0L, 0L), (found.Verdict, found.Missing, found.Extra, found.Changed));
            keys += found.RowsSource ?? 0;
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Assert.True(keys > 80_000);
        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
    }

    [Fact]
    public async Task Differences_that_somebody_planted_are_found_and_repaired_while_the_source_goes_on()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await PlantAsync(lake, "SELECT * FROM (VALUES (10, -1, false), (20, NULL, true), (90000, 5, false)) AS p(id, v, gone)");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("UPDATE t SET v = v + 1 WHERE id > 100 AND random() < 0.01", stop.Token);

        var found = await lake.ReconcileAsync("src_t", repair: true);

        await stop.CancelAsync();
        await writing;
        Assert.Equal(("repaired", 1L, 1L, 1L), (found.Verdict, found.Missing, found.Extra, found.Changed));
        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
        Assert.Equal("equal", (await lake.ReconcileAsync("src_t")).Verdict);
    }

    /// <summary>Writes to refined behind the product's back.</summary>
    private static async Task PlantAsync(CaptureLake lake, string rows)
    {
        Assert.True(TableIdentifier.TryParse("refined.src_t", out var table));
        await using var area = await lake.Lake.Lake.Services.GetRequiredService<ILakeWriter>().OpenStagingAsync(CancellationToken.None);
        _ = await area.MergeAsync(table, rows, ["id"], "gone", new Dictionary<string, string>(), CancellationToken.None);
    }
}
