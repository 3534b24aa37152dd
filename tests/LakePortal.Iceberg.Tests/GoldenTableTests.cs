using System.Text;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests;

/// <summary>Tables that Spark, Java, Athena and PyIceberg wrote, at the level of metadata and manifests.</summary>
public class GoldenTableTests
{
    private const string Duck = "duckdb-iceberg/data/persistent/";
    private const string Bird = "icebird/hyperparam-iceberg/";

    /// <summary>
    /// Metadata file; data files; delete files; rows in data files less those of position deletes (the counts of the fixtures' README where no
    /// equality deletes take part).
    /// </summary>
    public static TheoryData<string, int, int, long> Tables => new()
    {
        { Duck + "partition_bool/metadata/v2.metadata.json", 2, 0, 2 },
        { Duck + "partition_bigint/metadata/v2.metadata.json", 2, 0, 2 },
        { Duck + "partition_binary/metadata/v2.metadata.json", 2, 0, 2 },
        { Duck + "partition_timestamp/default.db/partition_timestamp/metadata/00001-*.metadata.json", 2, 0, 2 },
        { Duck + "partition_decimal_integer/metadata/v2.metadata.json", 3, 0, 3 },
        { Duck + "hive_partitioned_table/metadata/v4.metadata.json", 6, 0, 6 },
        { Duck + "uuid/metadata/00001-*.metadata.json", 2, 0, 10 },
        { Duck + "name_mapping/warehouse_1/mydb/t1/metadata/v7.metadata.json", 1, 0, 10000 },
        { Duck + "null_stats/default/test_nulls/metadata/00003-*.metadata.json", 3, 0, 9 },
        { Duck + "add_columns_with_defaults/default.db/add_columns_with_defaults/metadata/00003-*.metadata.json", 2, 0, 3 },
        { Duck + "column_mapping/warehouse/default.db/my_table/metadata/00001-*.metadata.json", 1, 0, 3 },
        { Duck + "case_sensitive_names/default.db/case_sensitive_names/metadata/00001-*.metadata.json", 1, 0, 3 },
        { Duck + "equality_deletes/warehouse/mydb/mytable/metadata/v7.metadata.json", -1, 4, -1 },
        { Duck + "equality_deletes/warehouse/mydb/mytable_partitioned/metadata/v6.metadata.json", -1, 3, -1 },
        { Bird + "spark/bunnies/metadata/v1.metadata.json", -1, 0, 21 },
        { Bird + "spark/bunnies/metadata/v3.metadata.json", -1, 1, 20 },
        { Bird + "java/bunnies/metadata/v2.metadata.json", -1, 0, 21 },
        { Bird + "java/bunnies/metadata/v3.metadata.json", -1, 0, 21 },
        { Bird + "java/bunnies/metadata/v4.metadata.json", -1, -1, -1 },
        { Bird + "java/bunnies/metadata/v5.metadata.json", -1, -1, -1 },
        { Bird + "spark/rename_column/metadata/v2.metadata.json", 3, 0, 4 },
        { Bird + "spark/rename_column/metadata/v3.metadata.json", 3, 0, 4 },
        { Bird + "athena/example/metadata/00001-*.metadata.json", -1, -1, -1 },
    };

    [FixtureTheory]
    [MemberData(nameof(Tables))]
    public async Task Files_and_rows_are_those_that_the_writer_meant(string pattern, int dataFiles, int deleteFiles, long rows)
    {
        var table = await RegisterAsync(pattern);

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);
        var files = await table.ListFilesAsync(SnapshotSelector.Current, default);
        var deletes = files.Where(f => f.Content != FileContent.Data).ToList();

        Assert.Equal(files.Count - deletes.Count, plan.Tasks.Count);
        Assert.Equal(dataFiles < 0 ? plan.Tasks.Count : dataFiles, plan.Tasks.Count);
        Assert.Equal(deleteFiles < 0 ? deletes.Count : deleteFiles, deletes.Count);
        if (rows >= 0)
        {
            Assert.Equal(rows, plan.Tasks.Sum(t => t.File.RecordCount) - deletes.Where(d => d.Content == FileContent.PositionDeletes).Sum(d => d.RecordCount));
        }

        foreach (var file in files)
        {
            // Not its length: some of these data files were written anew after the metadata.
            Assert.True(File.Exists(table.ResolveLocation(file.Path)), file.Path);
            Assert.NotNull(file.DataSequenceNumber);
        }

        // Every delete file of these tables is still about something.
        Assert.All(deletes.Where(d => d.Content == FileContent.PositionDeletes), d => Assert.Contains(plan.Tasks, t => t.Deletes.Contains(d)));
    }

    [FixtureTheory]
    [MemberData(nameof(Tables))]
    public async Task Totals_of_the_writers_summary_agree_with_the_manifests(string pattern, int dataFiles, int deleteFiles, long rows)
    {
        _ = (dataFiles, deleteFiles, rows);
        var table = await RegisterAsync(pattern);
        var compared = 0;
        // The files of some older snapshots are not part of the fixtures.
        foreach (var snapshot in table.Metadata.Snapshots.Where(s => File.Exists(table.ResolveLocation(s.ManifestList))))
        {
            var files = await table.ListFilesAsync(new SnapshotSelector { SnapshotId = snapshot.SnapshotId }, default);
            if (snapshot.Summary.TryGetValue("total-data-files", out var totalFiles) && snapshot.Summary.TryGetValue("total-records", out var totalRows))
            {
                var data = files.Where(f => f.Content == FileContent.Data).ToList();
                Assert.Equal((totalFiles, totalRows), ($"{data.Count}", $"{data.Sum(f => f.RecordCount)}"));
                compared++;
            }
        }

        Assert.True(compared > 0 || table.Metadata.Snapshots.Count == 0);
    }

    [FixtureTheory]
    [MemberData(nameof(Tables))]
    public async Task Metadata_survives_being_read_and_written(string pattern, int dataFiles, int deleteFiles, long rows)
    {
        _ = (dataFiles, deleteFiles, rows);
        var table = await RegisterAsync(pattern);

        var once = TableMetadataJson.Write(table.Metadata);
        var again = TableMetadataJson.Write(TableMetadataJson.Read(TableMetadataJson.Write(table.Metadata, gzip: true)));

        Assert.Equal(Encoding.UTF8.GetString(once), Encoding.UTF8.GetString(again));
        Json.AssertContains(await File.ReadAllTextAsync(table.ResolveLocation(table.MetadataLocation)), Encoding.UTF8.GetString(once));
    }

    internal static async Task<Table> RegisterAsync(string pattern)
    {
        var path = Path.Combine(Fixtures.Root!, pattern);
        var file = Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path)).Single();
        var catalog = new TableCatalog(new InMemoryCatalogStore(), new LocalFileIO(), Path.GetTempPath(), TimeProvider.System);
        return await catalog.RegisterAsync(
            new TableIdentifier("raw", "adopted"),
            file,
            [
                new LocationMapping("data/persistent/", Path.Combine(Fixtures.Root!, Duck)),
                new LocationMapping("s3://hyperparam-iceberg/", Path.Combine(Fixtures.Root!, Bird)),
                new LocationMapping("s3a://hyperparam-iceberg/", Path.Combine(Fixtures.Root!, Bird)),
            ],
            default);
    }
}
