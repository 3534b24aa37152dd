using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Serving.Contracts.Tables;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>Captured tables that are compacted, and whose snapshots expire, while their changes come in.</summary>
[Collection(PostgresTests.Name)]
public sealed class CapturedMaintenanceTests(PostgresServer server)
{
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["Retention:Schedule"] = "", ["Compaction:Schedule"] = "", ["Retention:KeepSnapshots"] = "4", ["Retention:KeepFor"] = "00:00:00", ["Retention:KeepDaily"] = "00:00:00", ["Retention:Grace"] = "00:00:03",
    };

    private static readonly string[] Tables = ["raw.src_t", "refined.src_t"];

    [Fact]
    public async Task Compaction_and_expiry_go_on_while_changes_come_in_and_the_lake_stays_what_the_source_is()
    {
        var lake = await CaptureLake.StartAsync(server, Settings);
        try
        {
            await lake.ExecuteAsync("""
                CREATE TABLE t (id int PRIMARY KEY, n numeric(12,3), s text, d double precision, at timestamptz, j jsonb, b bytea, a int[]);
                INSERT INTO t SELECT i, i / 7.0, repeat(md5(i::text), 1 + i % 90), i / 3.0, '2024-01-01'::timestamptz + i * interval '1 hour', jsonb_build_object('i', i), decode(md5(i::text), 'hex'), ARRAY[i, NULL, -i] FROM generate_series(1, 4000) i
                """);
            await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
            await lake.StreamingAsync("src_t");
            using var stop = new CancellationTokenSource();
            Task[] writers =
            [
                lake.WriteAsync("UPDATE t SET n = n + 0.001, d = -d WHERE id % 200 = (random() * 199)::int", stop.Token),
                lake.WriteAsync("DELETE FROM t WHERE id = (random() * 4000)::int; INSERT INTO t SELECT i, 1, 'again', 'NaN', now(), NULL, '\\x00', '{}' FROM (SELECT (random() * 4500)::int AS i) x ON CONFLICT DO NOTHING", stop.Token),
                lake.WriteAsync("UPDATE t SET id = id + 100000 WHERE id = (random() * 4000)::int AND NOT EXISTS (SELECT FROM t AS u WHERE u.id = t.id + 100000); SELECT pg_sleep(0.02)", stop.Token),
            ];
            var (compacted, expired, deleted) = (0, 0, 0);
            for (var round = 0; round < 10; round++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(900));
                foreach (var table in Tables.Select(t => t.Split('.')))
                {
                    var done = await lake.Lake.Lake.SendAsync(new CompactTable(table[0], table[1]));
                    var gone = await lake.Lake.Lake.SendAsync(new ExpireSnapshots(table[0], table[1]));
                    Assert.Null(gone.Failure);
                    (compacted, expired, deleted) = (compacted + done.DataFiles, expired + gone.Expired, deleted + gone.FilesDeleted);
                }
            }

            await stop.CancelAsync();
            await Task.WhenAll(writers);
            await lake.CaughtUpAsync();
            Assert.True(compacted > 20 && expired > 20 && deleted > 20, $"{compacted} files compacted, {expired} snapshots expired, {deleted} files deleted");
            Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
            Assert.Equal("equal", (await lake.ReconcileAsync("src_t")).Verdict);

            // Raw has each change once, in the order of the log, and adds up to the source.
            Assert.Equal(["0"], await lake.Lake.QueryAsync("SELECT count(*) - count(DISTINCT \"_position\") FROM raw.src_t WHERE \"_load_type\" = 'CDC'"));
            Assert.Equal(
                await lake.AskSourceAsync("SELECT count(*) || ' ' || sum(id) || ' ' || sum(n) FROM t"),
                await lake.Lake.QueryAsync("SELECT count(*) || ' ' || sum(id) || ' ' || sum(n) FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY \"_position\" DESC) AS r FROM raw.src_t) WHERE r = 1 AND \"_op\" <> 'd'"));

            // Compacted once more at rest, and expired: another process finds where it was.
            foreach (var table in Tables.Select(t => t.Split('.')))
            {
                _ = await lake.Lake.Lake.SendAsync(new CompactTable(table[0], table[1]));
                _ = await lake.Lake.Lake.SendAsync(new ExpireSnapshots(table[0], table[1]));
                Assert.InRange((await PlanAsync(lake, table)).Tasks.Count, 1, 2);
                Assert.All((await PlanAsync(lake, table)).Tasks, task => Assert.Empty(task.Deletes));
            }

            lake = await lake.AgainAsync();
            await lake.StreamingAsync("src_t");
            await lake.ExecuteAsync("UPDATE t SET s = 'after' WHERE id % 3 = 0; DELETE FROM t WHERE id % 5 = 0");
            await lake.EqualAsync("t");
            Assert.Single(await lake.EventsAsync(), e => e.StartsWith("bootstrap", StringComparison.Ordinal));
        }
        finally
        {
            await lake.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_sync_keeps_the_clock_from_compacting_its_tables_and_stopped_comparisons_leave_nothing_that_keeps_snapshots()
    {
        await using var lake = await CaptureLake.StartAsync(server, Settings);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc\ncompact: false");
        await lake.Lake.SyncAsync("public.u", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.StreamingAsync("src_u");
        var catalog = lake.Lake.Lake.Services.GetRequiredService<ITableCatalog>();
        // What a comparison that was stopped with its process has left does not keep snapshots for ever.
        var refined = await catalog.LoadAsync(new TableIdentifier("refined", "src_u"), default);
        var now = refined.Metadata.CurrentSnapshotId!.Value;
        _ = await refined.UpdateRefsAsync(r => _ = r.CreateTag("recon/run1", now).CreateTag("recon/run1/1", now).CreateBranch("as-of/1", now).CreateTag("kept", now), default);
        await new LakePortal.Ingestion.Reconciliation.Running.SnapshotTags(catalog).RemoveAsync(refined.Identifier, "run1", default);
        Assert.Equal(["kept", "main"], (await refined.RefreshAsync(default)).Metadata.Refs.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, expected) in new[] { ("src_t", "false"), ("src_u", null) })
        {
            Assert.Equal(expected, (await catalog.LoadAsync(new TableIdentifier("raw", name), default)).Metadata.Properties.GetValueOrDefault("lakeportal.compact"));
            Assert.Equal(expected, (await catalog.LoadAsync(new TableIdentifier("refined", name), default)).Metadata.Properties.GetValueOrDefault("lakeportal.compact"));
        }
    }

    private static async Task<ScanPlan> PlanAsync(CaptureLake lake, string[] table) =>
        await (await lake.Lake.Lake.Services.GetRequiredService<ITableCatalog>().LoadAsync(new TableIdentifier(table[0], table[1]), CancellationToken.None)).PlanScanAsync(SnapshotSelector.Current, null, CancellationToken.None);
}
