using LakePortal.Engine.Queries;
using LakePortal.Engine.Tests.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>Writes whose rows come from a governed query of the real engine: a locked instance, policies, bound snapshots.</summary>
public sealed class GovernedWriteTests : IDisposable
{
    private static readonly TableIdentifier Target = new("curated", "out");
    private readonly TestLake _lake = new();
    private readonly EngineHarness _engine;
    private readonly LakeWriter _writer;

    public GovernedWriteTests()
    {
        _engine = new EngineHarness(_lake.Catalog, new EngineOptions { MemoryLimit = "512MB", Threads = 2, DataDirectories = [Path.Combine(_lake.Root, "lake")] });
        _writer = new LakeWriter(_lake.Catalog, _lake.IO, _engine.Engine, _lake.Options, TimeProvider.System);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _lake.Dispose();
    }

    [Fact]
    public async Task A_target_is_replaced_appended_to_and_merged_into()
    {
        var source = await SourceAsync();
        var created = await WriteAsync(WriteMode.Replace, "SELECT id, v FROM raw.source WHERE id < 10");
        Assert.Equal((10, 0), (created.RowsWritten, created.RowsDeleted));
        Assert.Equal(source, created.Inputs[TestLake.Id("source")]);
        await WriteAsync(WriteMode.Append, "SELECT id, v FROM raw.source WHERE id BETWEEN 10 AND 19");
        var merged = await WriteAsync(WriteMode.Merge, "SELECT id, 'new' AS v FROM raw.source WHERE id BETWEEN 15 AND 24", "id");
        Assert.Equal((10, 5), (merged.RowsWritten, merged.RowsDeleted));
        Assert.Equal(["25|0|24|10"], await _engine.RowsAsync("SELECT count(*), min(id), max(id), count(*) FILTER (v = 'new') FROM curated.out"));
        var replaced = await WriteAsync(WriteMode.Replace, "SELECT id, v FROM curated.out WHERE v = 'new'");
        Assert.Equal((10, 25), (replaced.RowsWritten, replaced.RowsDeleted));
        Assert.Equal(["10"], await _engine.RowsAsync("SELECT count(*) FROM curated.out"));
    }

    [Theory]
    [InlineData("id", "bucket", 4)]
    [InlineData("v", "bucket", 3)]
    [InlineData("v", "truncate", 2)]
    [InlineData("d", "month", 0)]
    [InlineData("u", "bucket", 3)]
    [InlineData("m", "bucket", 3)]
    public async Task Partitioned_targets_get_the_tuples_of_the_table_format_in_every_mode(string column, string transform, int parameter)
    {
        await SourceAsync();
        var by = new PartitionBy(column, new Transform(transform, parameter));
        const string select = "SELECT id, v, DATE '2026-01-01' + id::INTEGER AS d, ('00000000-0000-0000-0000-' || lpad(id::VARCHAR, 12, '0'))::UUID AS u, id::DECIMAL(9, 2) AS m FROM raw.source";
        await WriteAsync(WriteMode.Append, select + " WHERE id < 80", by, "id");
        await WriteAsync(WriteMode.Merge, select + " WHERE id BETWEEN 60 AND 99", by, "id");
        await WriteAsync(WriteMode.Append, select + " WHERE id BETWEEN 100 AND 119", by);
        Assert.Equal(["120|120"], await _engine.RowsAsync("SELECT count(*), count(DISTINCT id) FROM curated.out"));
        await WriteAsync(WriteMode.Replace, select + " WHERE id < 100", by);
        Assert.Equal(["100|99"], await _engine.RowsAsync("SELECT count(*), max(id) FROM curated.out"));

        var table = await _lake.Catalog.LoadAsync(Target, CancellationToken.None);
        var field = table.Schema.Find(column)!;
        var tasks = (await table.PlanScanAsync(Iceberg.Scans.SnapshotSelector.Current, null, CancellationToken.None)).Tasks;
        Assert.True(tasks.Count > 1);
        foreach (var file in tasks.Select(t => t.File))
        {
            // The table format's own transform, of the smallest value that the file's metrics name, judges the tuple.
            var value = SingleValue.Decode((PrimitiveType)field.Type, file.LowerBounds![field.Id]);
            Assert.Equal(Transforms.Apply(by.Transform, (PrimitiveType)field.Type, value), file.Partition[0]);
        }

        // A query that prunes by the partition finds what is there.
        Assert.Equal(["1"], await _engine.RowsAsync("SELECT count(*) FROM curated.out WHERE id = 42 AND v = 'v42' AND d = DATE '2026-02-12' AND m = 42"));
    }

    [Fact]
    public async Task Only_rows_and_values_that_the_caller_may_see_are_written()
    {
        await SourceAsync();
        _engine.Authorizer.Restrictions[TestLake.Id("source")] = new TableRestriction("id % 2 = 0", new Dictionary<string, string> { ["v"] = "'masked'" });
        await WriteAsync(WriteMode.Replace, "SELECT * FROM raw.source");
        Assert.Equal(["100|198|masked|masked"], await _engine.RowsAsync("SELECT count(*), max(id), min(v), max(v) FROM curated.out"));
    }

    [Theory]
    [InlineData(WriteMode.Append)]
    [InlineData(WriteMode.Replace)]
    public async Task A_null_in_a_required_column_names_it_and_commits_nothing(WriteMode mode)
    {
        await SourceAsync();
        await _lake.Catalog.CreateAsync(
            new CreateTable(Target, [new NestedField(0, "id", PrimitiveType.Long), new NestedField(0, "v", PrimitiveType.String, Required: true)], ["id"], [new PartitionBy("id", new Transform("bucket", 3))], new Dictionary<string, string>()),
            CancellationToken.None);
        await WriteAsync(mode, "SELECT id, v FROM raw.source");
        var before = await _lake.Catalog.LoadAsync(Target, CancellationToken.None);
        var files = Files();

        var value = await Assert.ThrowsAsync<ColumnValueException>(() => WriteAsync(mode, "SELECT id, CASE WHEN id <> 150 THEN v END AS v FROM raw.source"));
        Assert.Equal(("v", true), (value.Column, value.Message.Contains("1 of the rows", StringComparison.Ordinal)));
        var key = await Assert.ThrowsAsync<ColumnValueException>(() => WriteAsync(mode, "SELECT CASE WHEN id < 150 THEN id END AS id, v FROM raw.source"));
        Assert.Equal("id", key.Column);

        Assert.Equal(before.MetadataLocation, (await _lake.Catalog.LoadAsync(Target, CancellationToken.None)).MetadataLocation);
        Assert.Equal(files, Files());
        Assert.Equal(["200|200"], await _engine.RowsAsync("SELECT count(*), count(v) FROM curated.out"));
    }

    [Fact]
    public async Task A_merge_with_a_null_in_a_required_column_or_key_leaves_the_table_as_it_was()
    {
        await SourceAsync();
        await WriteAsync(WriteMode.Merge, "SELECT id, v FROM raw.source", "id");
        var before = await _lake.Catalog.LoadAsync(Target, CancellationToken.None);
        var files = Files();
        var error = await Assert.ThrowsAsync<ColumnValueException>(() => WriteAsync(WriteMode.Merge, "SELECT CASE WHEN id > 3 THEN id END AS id, 'x' AS v FROM raw.source", "id"));
        Assert.Equal("id", error.Column);
        Assert.Equal(before.MetadataLocation, (await _lake.Catalog.LoadAsync(Target, CancellationToken.None)).MetadataLocation);
        Assert.Equal(files, Files());
    }

    [Fact]
    public async Task The_functions_of_the_writer_are_not_for_queries()
    {
        await SourceAsync();
        await WriteAsync(WriteMode.Append, "SELECT id, v FROM raw.source", new PartitionBy("id", new Transform("bucket", 4)));
        await _engine.RefusedAsync<StatementRefusedException>("SELECT lakeportal_hash_long(1)");
    }

    private List<string> Files() => [.. Directory.EnumerateFiles(Path.Combine(_lake.Root, "lake", "curated"), "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private async Task<long?> SourceAsync()
    {
        await _lake.CreateAsync("source", [new NestedField(0, "id", PrimitiveType.Long), new NestedField(0, "v", PrimitiveType.String)]);
        return (await _lake.AppendAsync("source", "SELECT range AS id, 'v' || range AS v FROM range(200)")).SnapshotId;
    }

    private Task<WriteOutcome> WriteAsync(WriteMode mode, string sql, params string[] key) =>
        _writer.WriteQueryAsync(new WriteQuery(new LakeQueryRequest(sql, Caller.System), Target, mode) { Key = key }, CancellationToken.None);

    private Task<WriteOutcome> WriteAsync(WriteMode mode, string sql, PartitionBy by, params string[] key) =>
        _writer.WriteQueryAsync(new WriteQuery(new LakeQueryRequest(sql, Caller.System), Target, mode) { Key = key, PartitionBy = [by] }, CancellationToken.None);
}
