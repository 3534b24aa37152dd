using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Sources;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Reconciliation;

/// <summary>What was changed in the lake behind the product's back is found, shown and repaired, and nothing else is touched.</summary>
[Collection(PostgresTests.Name)]
public sealed class PlantedDifferenceTests(PostgresServer server)
{
    private const string Orders =
        """
        CREATE TABLE orders (id int PRIMARY KEY, region text NOT NULL, amount numeric(12,2), note text);
        INSERT INTO orders SELECT i, 'r' || i % 4, i * 1.25, CASE WHEN i % 7 <> 0 THEN 'n' || i END FROM generate_series(1, 20000) i
        """;

    [Fact]
    public async Task A_table_that_was_loaded_is_equal_and_verified()
    {
        await using var lake = await StartAsync();

        var result = await lake.ReconcileAsync("src_orders");

        Assert.Equal(("equal", 20_000L, 20_000L, 0L), (result.Verdict, result.RowsSource, result.RowsLake, result.Missing + result.Extra + result.Changed));
        var ranges = await lake.Lake.SendAsync(new ListReconciliationRanges(result.Id));
        Assert.True(ranges.Count > 10, $"{ranges.Count} ranges");
        Assert.Equal(20_000, ranges.Sum(r => r.RowsSource));
        Assert.All(ranges, r => Assert.Equal("equal", r.Verdict));
        Assert.Equal(result.Id, (await lake.Lake.SendAsync(new ListReconciliations("src_orders"))).Single().Id);
    }

    [Fact]
    public async Task Rows_deleted_changed_and_added_are_found_and_shown_side_by_side()
    {
        await using var lake = await StartAsync();
        await PlantAsync(lake);

        var result = await lake.ReconcileAsync("src_orders");

        Assert.Equal(("different", 1L, 1L, 2L), (result.Verdict, result.Missing, result.Extra, result.Changed));
        Assert.Equal((20_000L, 20_000L), (result.RowsSource, result.RowsLake));
        var rows = await lake.DifferencesAsync(result.Id);
        Assert.Equal(
            ["17 missing ", "4000 changed amount", "12000 changed amount,note", "99999 extra "],
            rows.Select(r => $"{r.Key!["id"]} {r.Kind} {string.Join(',', r.Columns)}"));
        Assert.Null(rows[0].Lake);
        Assert.Equal("21.25", (string?)rows[0].Source!["amount"]);
        Assert.Equal(("5000.00", "0.01"), ((string?)rows[1].Source!["amount"], (string?)rows[1].Lake!["amount"]));
        Assert.Equal(("n12000", null), ((string?)rows[2].Source!["note"], (string?)rows[2].Lake!["note"]));
        Assert.Null(rows[3].Source);
        Assert.Equal("planted", (string?)rows[3].Lake!["note"]);
    }

    [Fact]
    public async Task A_repair_writes_the_differing_rows_alone_and_leaves_other_partitions_files_as_they_are()
    {
        await using var lake = await StartAsync("partition_by: [region]");
        await lake.TamperAsync("refined.src_orders", "SELECT 4 AS id, 'r0' AS region, 7.77::DECIMAL(12,2) AS amount, 'planted' AS note, false AS gone", "id");
        var before = await FilesAsync(lake);
        var raw = await lake.ScalarAsync("SELECT count(*) FROM raw.src_orders");

        var result = await lake.ReconcileAsync("src_orders", repair: true);

        Assert.Equal(("repaired", 1L, 1L), (result.Verdict, result.Changed, result.Repaired));
        Assert.All(await lake.DifferencesAsync(result.Id), d => Assert.True(d.Repaired));
        var after = await FilesAsync(lake);
        Assert.True(before.Count(f => f.Region != "r0") >= 3);
        Assert.All(before.Where(f => f.Region != "r0"), f => Assert.Contains(f, after));
        Assert.Equal((long.Parse(raw, System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), await lake.ScalarAsync("SELECT count(*) FROM raw.src_orders"));
        Assert.Equal("5.00|n4", await lake.ScalarAsync("SELECT amount::VARCHAR, note FROM refined.src_orders WHERE id = 4"));
        await lake.EqualAsync("src_orders", 20_000);
    }

    [Fact]
    public async Task A_repair_brings_back_deletes_and_changes_and_says_so_in_raw()
    {
        await using var lake = await StartAsync();
        await PlantAsync(lake);

        var result = await lake.ReconcileAsync("src_orders", repair: true);

        Assert.Equal(("repaired", 4L), (result.Verdict, result.Repaired));
        Assert.Equal(await Canonical.SourceAsync(lake, "public", "orders"), await Canonical.LakeAsync(lake, "refined.src_orders"));
        Assert.Equal(["d|1", "r|20003"], await lake.QueryAsync("SELECT _op, count(*) FROM raw.src_orders GROUP BY _op ORDER BY _op"));
        Assert.Equal(Ingestion.Sources.LogPosition.Parse(result.Position!).Sortable, await lake.ScalarAsync("SELECT _position FROM raw.src_orders WHERE _op = 'd'"));
        Assert.True(TableIdentifier.TryParse("refined.src_orders", out var refined));
        Assert.DoesNotContain((await lake.Catalog.LoadAsync(refined, CancellationToken.None)).Metadata.Refs.Keys, r => r.StartsWith("recon/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_load_after_a_repair_goes_on_as_before()
    {
        await using var lake = await StartAsync("cursor: id");
        await PlantAsync(lake);
        await lake.ReconcileAsync("src_orders", repair: true);
        await lake.ExecuteAsync("INSERT INTO orders VALUES (30000, 'r1', 1, 'new'); UPDATE orders SET note = 'u' WHERE id = 5");

        var run = await lake.SucceedAsync("src_orders");

        Assert.Equal(("incremental", 2L), ((string?)run.Result!["load"], (long)run.Result["rows_read"]!));
        await lake.EqualAsync("src_orders", 20_001);
    }

    [Fact]
    public async Task What_the_source_did_since_the_load_is_different_and_the_verdict_says_how_old_the_lake_is()
    {
        await using var lake = await StartAsync();
        await lake.ExecuteAsync("DELETE FROM orders WHERE id <= 10; UPDATE orders SET note = 'u' WHERE id = 11");

        var result = await lake.ReconcileAsync("src_orders");

        Assert.Equal(("different", 10L, 1L), (result.Verdict, result.Extra, result.Changed));
        Assert.NotEqual(result.Position, result.LakePosition);
        Assert.Contains(result.Notes, n => n.Contains(result.LakePosition!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_row_that_is_twice_in_the_lake_is_found_and_repaired()
    {
        await using var lake = await StartAsync();
        Assert.True(TableIdentifier.TryParse("refined.src_orders", out var refined));
        var table = await lake.Catalog.LoadAsync(refined, CancellationToken.None);
        await using (var area = await Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Engine.Writing.ILakeWriter>(lake.Lake.Services).OpenStagingAsync(CancellationToken.None))
        {
            var files = await area.WriteFilesAsync(area.Connection, "SELECT 3 AS id, 'r3' AS region, 3.75::DECIMAL(12,2) AS amount, 'n3' AS note", refined, CancellationToken.None);
            await area.CommitAppendAsync(refined, files, new Dictionary<string, string>(), CancellationToken.None);
        }

        var found = await lake.ReconcileAsync("src_orders");
        var repaired = await lake.ReconcileAsync("src_orders", repair: true);

        Assert.Equal(("different", 1L, 0L), (found.Verdict, found.Extra, found.Missing + found.Changed));
        Assert.Equal("repaired", repaired.Verdict);
        await lake.EqualAsync("src_orders", 20_000);
        Assert.NotNull(table);
    }

    private static Task PlantAsync(IngestionLake lake) => lake.TamperAsync(
        "refined.src_orders",
        """
        SELECT 17 AS id, NULL AS region, NULL::DECIMAL(12,2) AS amount, NULL AS note, true AS gone
        UNION ALL SELECT 4000, 'r0', 0.01, 'n4000', false
        UNION ALL SELECT 12000, 'r0', 0.02, NULL, false
        UNION ALL SELECT 99999, 'r9', 1.00, 'planted', false
        """, "id");

    private async Task<IngestionLake> StartAsync(string extra = "")
    {
        var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(Orders);
        await lake.SyncAsync("public.orders", extra);
        await lake.SucceedAsync("src_orders");
        return lake;
    }

    private static async Task<List<(string Path, string? Region)>> FilesAsync(IngestionLake lake)
    {
        Assert.True(TableIdentifier.TryParse("refined.src_orders", out var refined));
        return [.. (await (await lake.Catalog.LoadAsync(refined, CancellationToken.None)).ListFilesAsync(SnapshotSelector.Current, CancellationToken.None)).Select(f => (f.Path, (string?)f.Partition[0]))];
    }
}
