using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.TestSupport;

namespace LakePortal.Engine.Tests.Queries;

/// <summary>Tables that Spark, Java, Athena and others wrote; the expected rows are those that other engines read from them.</summary>
public sealed class FixtureTests : IDisposable
{
    private static readonly string? Folder = SharedFiles.Find("fixtures/iceberg");
    private readonly string _warehouse = Directory.CreateTempSubdirectory("lp-fixtures-").FullName;
    private readonly TableCatalog _catalog;
    private readonly EngineHarness _engine;

    public FixtureTests()
    {
        _catalog = new TableCatalog(new InMemoryCatalogStore(), new LocalFileIO(), _warehouse, TimeProvider.System);
        _engine = new EngineHarness(_catalog);
    }

    public void Dispose()
    {
        _engine.Dispose();
        Directory.Delete(_warehouse, recursive: true);
    }

    [FixtureTheory]
    [InlineData("duckdb-iceberg/data/persistent/partition_bool/metadata/v2.metadata.json", 2)]
    [InlineData("duckdb-iceberg/data/persistent/partition_bigint/metadata/v2.metadata.json", 2)]
    [InlineData("duckdb-iceberg/data/persistent/partition_binary/metadata/v2.metadata.json", 2)]
    [InlineData("duckdb-iceberg/data/persistent/partition_timestamp/default.db/partition_timestamp/metadata/00001-0c9938a5-103e-4185-b46d-331368ae4db7.metadata.json", 2)]
    [InlineData("duckdb-iceberg/data/persistent/partition_decimal_integer/metadata/v2.metadata.json", 3)]
    [InlineData("duckdb-iceberg/data/persistent/hive_partitioned_table/metadata/v4.metadata.json", 6)]
    [InlineData("duckdb-iceberg/data/persistent/equality_deletes/warehouse/mydb/mytable/metadata/v7.metadata.json", 2)]
    [InlineData("duckdb-iceberg/data/persistent/equality_deletes/warehouse/mydb/mytable_partitioned/metadata/v6.metadata.json", 3)]
    [InlineData("duckdb-iceberg/data/persistent/uuid/metadata/00001-43fda1f4-1c96-4376-ad16-91beb71d0759.metadata.json", 10)]
    [InlineData("duckdb-iceberg/data/persistent/name_mapping/warehouse_1/mydb/t1/metadata/v7.metadata.json", 10000)]
    [InlineData("duckdb-iceberg/data/persistent/null_stats/default/test_nulls/metadata/00003-9d6a621e-8a72-4190-a880-f6ca02e32b86.metadata.json", 9)]
    [InlineData("duckdb-iceberg/data/persistent/add_columns_with_defaults/default.db/add_columns_with_defaults/metadata/00003-3f1801a5-7dfb-4072-b14a-39cd12f9279b.metadata.json", 3)]
    [InlineData("duckdb-iceberg/data/persistent/column_mapping/warehouse/default.db/my_table/metadata/00001-75643dae-a7a7-46ae-ab30-ea80d3793f3f.metadata.json", 3)]
    [InlineData("duckdb-iceberg/data/persistent/case_sensitive_names/default.db/case_sensitive_names/metadata/00001-a7a3a44c-4aac-4619-bebd-11be37b27351.metadata.json", 3)]
    [InlineData("icebird/hyperparam-iceberg/spark/bunnies/metadata/v1.metadata.json", 21)]
    [InlineData("icebird/hyperparam-iceberg/spark/bunnies/metadata/v3.metadata.json", 20)]
    [InlineData("icebird/hyperparam-iceberg/java/bunnies/metadata/v2.metadata.json", 21)]
    [InlineData("icebird/hyperparam-iceberg/java/bunnies/metadata/v3.metadata.json", 21)]
    [InlineData("icebird/hyperparam-iceberg/java/bunnies/metadata/v4.metadata.json", 15)]
    [InlineData("icebird/hyperparam-iceberg/java/bunnies/metadata/v5.metadata.json", 15)]
    [InlineData("icebird/hyperparam-iceberg/spark/rename_column/metadata/v2.metadata.json", 4)]
    [InlineData("icebird/hyperparam-iceberg/spark/rename_column/metadata/v3.metadata.json", 4)]
    public async Task A_table_written_by_another_engine_has_the_rows_that_others_read(string metadata, int rows)
    {
        await AdoptAsync(metadata);
        Assert.Equal(rows, await _engine.CountAsync("SELECT count(*) FROM other.t"));
        var all = await _engine.RowsAsync("SELECT * FROM other.t");
        Assert.Equal(rows, all.Count);
        Assert.DoesNotContain(all, r => r.Split('|').All(c => c == "NULL"));
    }

    /// <summary>
    /// ClickHouse counts 6 in each, from the manifests, without the equality deletes. Of the ids 1 to 6 the delete files name: b (2), 1, (3, c), f (6)
    /// in the first table; b (2), (3, c), f (6) in the second.
    /// </summary>
    [FixtureTheory]
    [InlineData("mytable/metadata/v7.metadata.json", new[] { "4|d|2025-01-04", "5|e|2025-01-05" })]
    [InlineData("mytable_partitioned/metadata/v6.metadata.json", new[] { "1|a|2025-01-01", "4|d|2025-01-04", "5|e|2025-01-05" })]
    public async Task Equality_deletes_of_several_column_sets_hold_at_once(string metadata, string[] rows)
    {
        await AdoptAsync("duckdb-iceberg/data/persistent/equality_deletes/warehouse/mydb/" + metadata);
        Assert.Equal(rows, await _engine.RowsAsync("SELECT id, name, bir::VARCHAR FROM other.t ORDER BY id"));
    }

    [FixtureFact]
    public async Task A_renamed_column_shows_the_same_values_under_its_new_name()
    {
        await AdoptAsync("icebird/hyperparam-iceberg/spark/rename_column/metadata/v2.metadata.json");
        var before = await _engine.RowsAsync("SELECT id, name, date::VARCHAR, price::VARCHAR, active FROM other.t ORDER BY id");
        await AdoptAsync("icebird/hyperparam-iceberg/spark/rename_column/metadata/v3.metadata.json", "u");
        Assert.Equal(before, await _engine.RowsAsync("SELECT id, name, event_date::VARCHAR, price::VARCHAR, active FROM other.u ORDER BY id"));
        Assert.Contains(before, r => !r.Contains("NULL", StringComparison.Ordinal));
    }

    private async Task AdoptAsync(string metadata, string name = "t")
    {
        var root = Path.Combine(Folder!, metadata.StartsWith("icebird", StringComparison.Ordinal) ? "icebird/hyperparam-iceberg" : "duckdb-iceberg/data/persistent");
        await _catalog.RegisterAsync(
            new TableIdentifier("other", name),
            "file://" + Path.Combine(Folder!, metadata),
            [
                new LocationMapping("s3://hyperparam-iceberg/", root + "/"), new LocationMapping("s3a://hyperparam-iceberg/", root + "/"),
                new LocationMapping("data/persistent/", root + "/"),
            ],
            CancellationToken.None);
    }
}

/// <summary>Shows as skipped where the fixtures of others are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FixtureFactAttribute : FactAttribute
{
    public FixtureFactAttribute() => Skip = SharedFiles.Find("fixtures/iceberg") is null ? "the tables of other engines (shared/fixtures/iceberg) are not here" : null;
}

[AttributeUsage(AttributeTargets.Method)]
public sealed class FixtureTheoryAttribute : TheoryAttribute
{
    public FixtureTheoryAttribute() => Skip = SharedFiles.Find("fixtures/iceberg") is null ? "the tables of other engines (shared/fixtures/iceberg) are not here" : null;
}
