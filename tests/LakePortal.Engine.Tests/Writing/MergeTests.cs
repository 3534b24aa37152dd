using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Tests.Writing;

public sealed class MergeTests : IDisposable
{
    private readonly TestLake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Merged_rows_replace_those_of_the_same_key_and_add_the_rest()
    {
        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS id, 'old' AS v FROM range(1000)", "id");
        var outcome = await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS id, 'new' AS v FROM range(990, 1010)", "id");

        Assert.Equal((20, 10), (outcome.RowsWritten, outcome.RowsDeleted));
        Assert.Equal(["new|20|990|1009", "old|990|0|989"], await _lake.RowsAsync("t", "SELECT v, count(*), min(id), max(id) FROM t GROUP BY v ORDER BY v"));
        var delete = Assert.Single((await _lake.PlanAsync("t")).Tasks.SelectMany(t => t.Deletes));
        Assert.Equal(10, delete.RecordCount);
        Assert.Equal([2147483545, 2147483546], await ParquetFooters.FieldIdsAsync(delete));
        Assert.NotNull(delete.ReferencedDataFile);
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(delete.ReferencedDataFile), delete.LowerBounds![2147483546]);
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(delete.ReferencedDataFile), delete.UpperBounds![2147483546]);
    }

    [Fact]
    public async Task A_data_file_has_one_delete_file_of_its_own_and_is_rewritten_when_much_is_deleted()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT range AS id, 0 AS v FROM range(1000)");
        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS id, 1 AS v FROM range(100)", "id");
        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS id, 2 AS v FROM range(50, 250)", "id");
        var big = (await _lake.PlanAsync("t")).Tasks.Single(t => t.File.RecordCount == 1000);
        Assert.Equal(250, Assert.Single(big.Deletes).RecordCount);

        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS id, 3 AS v FROM range(240, 400)", "id");
        var plan = await _lake.PlanAsync("t");
        Assert.DoesNotContain(plan.Tasks, t => t.File.RecordCount == 1000);
        Assert.Contains(plan.Tasks, t => t.File.RecordCount == 600 && t.Deletes.Count == 0);
        Assert.Equal(["0|600", "1|50", "2|190", "3|160"], await _lake.RowsAsync("t", "SELECT v, count(*) FROM t GROUP BY v ORDER BY v"));

        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS id, 4 AS v FROM range(1000)", "id");
        Assert.Equal(["4|1000"], await _lake.RowsAsync("t", "SELECT v, count(*) FROM t GROUP BY v ORDER BY v"));
        Assert.Single((await _lake.PlanAsync("t")).Tasks);
    }

    [Fact]
    public async Task Keys_that_do_not_identify_rows_are_refused_with_examples()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1 AS id, 'a' AS v, 1.5::DOUBLE AS d");
        var twice = await Assert.ThrowsAsync<MergeKeyException>(() => _lake.WriteAsync("t", WriteMode.Merge, "SELECT unnest([7, 7, 8, 9, 9]) AS id, 'b' AS v, 1.5::DOUBLE AS d", "id"));
        Assert.Contains("7 (2 rows); 9 (2 rows)", twice.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<MergeKeyException>(() => _lake.WriteAsync("t", WriteMode.Merge, "SELECT NULL::INT AS id, 'b' AS v, 1.5::DOUBLE AS d", "id"));
        await Assert.ThrowsAsync<MergeKeyException>(() => _lake.WriteAsync("t", WriteMode.Merge, "SELECT 1 AS id, 'b' AS v, 1.5::DOUBLE AS d", "d"));
        await Assert.ThrowsAsync<MergeKeyException>(() => _lake.WriteAsync("t", WriteMode.Merge, "SELECT 1 AS id, 'b' AS v, 1.5::DOUBLE AS d", "missing"));
        await Assert.ThrowsAsync<MergeKeyException>(() => _lake.WriteAsync("t", WriteMode.Merge, "SELECT 1 AS id, 'b' AS v, 1.5::DOUBLE AS d"));
        Assert.Equal(["1|a|1.5"], await _lake.RowsAsync("t", "SELECT * FROM t"));
        Assert.Single(_lake.DataFiles("t"));
    }

    [Fact]
    public async Task With_an_order_the_last_row_of_a_key_wins()
    {
        await _lake.Writer.WriteQueryAsync(
            new WriteQuery(TestLake.Request("SELECT * FROM (VALUES (1, 'a', 3), (1, 'b', 5), (2, 'c', 1), (1, 'd', 4)) AS v(id, v, seen)"), TestLake.Id("t"), WriteMode.Merge) { Key = ["id"], OrderBy = "seen" },
            CancellationToken.None);
        Assert.Equal(["1|b|5", "2|c|1"], await _lake.RowsAsync("t", "SELECT * FROM t ORDER BY id"));
    }

    [Fact]
    public async Task Unchanged_rows_are_left_alone_when_asked()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT range AS id, CASE WHEN range % 2 = 0 THEN range END AS v, [range] AS l FROM range(1000)");
        var outcome = await _lake.Writer.WriteQueryAsync(
            new WriteQuery(TestLake.Request("SELECT range AS id, CASE WHEN range % 2 = 0 THEN range END AS v, CASE WHEN range = 7 THEN [0] ELSE [range] END AS l FROM range(1001)"), TestLake.Id("t"), WriteMode.Merge) { Key = ["id"], SkipUnchanged = true },
            CancellationToken.None);
        Assert.Equal((2, 1), (outcome.RowsWritten, outcome.RowsDeleted));
        Assert.Equal(["1001|1"], await _lake.RowsAsync("t", "SELECT count(*), count(*) FILTER (l[1] <> id) FROM t"));
        Assert.Equal(3, _lake.DataFiles("t").Count);

        var again = await _lake.Writer.WriteQueryAsync(
            new WriteQuery(TestLake.Request("SELECT range AS id, CASE WHEN range % 2 = 0 THEN range END AS v, [range] AS l FROM range(7)"), TestLake.Id("t"), WriteMode.Merge) { Key = ["id"], SkipUnchanged = true },
            CancellationToken.None);
        Assert.Equal((0, 0), (again.RowsWritten, again.RowsDeleted));
    }

    [Fact]
    public async Task Merging_finds_keys_in_files_written_before_columns_were_renamed_added_and_promoted()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT range::INTEGER AS id, 'x' AS filename FROM range(10)");
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        await table.UpdateSchemaAsync(u => u.PromoteColumn("id", PrimitiveType.Long).RenameColumn("id", "key").AddColumn(null, "extra", PrimitiveType.String), CancellationToken.None);
        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT unnest([3, 4, 5000000000]) AS key, 'y' AS filename, 'e' AS extra", "key");

        var plan = await _lake.PlanAsync("t");
        var old = plan.Tasks.Single(t => t.File.RecordCount == 10);
        Assert.Equal(2, Assert.Single(old.Deletes).RecordCount);

        // Many deletes: the file is rewritten under the new names.
        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT unnest([5, 6, 7]) AS key, 'z' AS filename, 'e' AS extra", "key");
        Assert.Equal(
            ["0|x|null", "1|x|null", "2|x|null", "3|y|e", "4|y|e", "5|z|e", "6|z|e", "7|z|e", "8|x|null", "9|x|null", "5000000000|y|e"],
            await _lake.RowsAsync("t", "SELECT key, filename, extra FROM t ORDER BY key"));
    }

    [Fact]
    public async Task Random_merges_and_deletes_end_in_the_rows_of_a_dictionary()
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            await RandomMergesAsync(seed, $"random{seed}", seed % 2 == 0 ? [new PartitionBy("day", new Transform("month")), new PartitionBy("id", new Transform("bucket", 3))] : []);
        }
    }

    [Fact]
    public async Task Concurrent_merges_of_several_writers_lose_nothing()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT range AS id, 0 AS n FROM range(200)");

        // Each writer has its own catalog: nothing but the commit's compare-and-swap keeps them apart.
        var work = Enumerable.Range(0, 4).Select(async w =>
        {
            var writer = new LakeWriter(_lake.NewCatalog(), _lake.IO, null, _lake.Options, TimeProvider.System);
            await using var area = await writer.OpenStagingAsync(CancellationToken.None);
            for (var round = 0; round < 5; round++)
            {
                await area.MergeAsync(
                    TestLake.Id("t"), $"SELECT i AS id, {(w * 100) + round + 1} AS n FROM range({w * 50}, {(w * 50) + 50}) AS r(i) UNION ALL SELECT 1000 + {(w * 10) + round}, {w}", ["id"], null,
                    new Dictionary<string, string> { [$"lakeportal.position.{w}"] = $"{round}" }, CancellationToken.None);
            }
        });
        await Task.WhenAll(work);

        Assert.Equal(["220|220"], await _lake.RowsAsync("t", "SELECT count(*), count(DISTINCT id) FROM t"));
        Assert.Equal(["0|5|50", "1|105|50", "2|205|50", "3|305|50"], await _lake.RowsAsync("t", "SELECT id // 50, n, count(*) FROM t WHERE id < 200 GROUP BY 1, 2 ORDER BY 1"));
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        Assert.Equal(21, table.Metadata.Snapshots.Count);
    }

    [Fact]
    public async Task A_merge_does_not_touch_tables_with_equality_deletes()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1 AS id, 'a' AS v");
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        var file = Assert.Single((await _lake.PlanAsync("t")).Tasks).File;
        var path = Path.Combine(Path.GetDirectoryName(Iceberg.IO.Locations.ToLocalPath(file.Path))!, "eq.parquet");
        File.Copy(Iceberg.IO.Locations.ToLocalPath(file.Path), path);
        await table.CommitAsync(
            new SnapshotChange { AddedDeletes = [file with { Content = FileContent.EqualityDeletes, Path = Iceberg.IO.Locations.FromLocalPath(path), EqualityIds = [1], DataSequenceNumber = null, FileSequenceNumber = null }] }, CancellationToken.None);
        await Assert.ThrowsAsync<TableNotMergeableException>(() => _lake.WriteAsync("t", WriteMode.Merge, "SELECT 1 AS id, 'b' AS v", "id"));
    }

    private async Task RandomMergesAsync(int seed, string name, PartitionBy[] partitionBy)
    {
        var random = new Random(seed);
        await _lake.CreateAsync(name, [new NestedField(0, "id", PrimitiveType.Long), new NestedField(0, "name", PrimitiveType.String), new NestedField(0, "day", PrimitiveType.Date), new NestedField(0, "v", PrimitiveType.Int)], partitionBy);
        var model = new SortedDictionary<(long, string), (int Day, int Version)>();
        await using var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None);
        for (var round = 1; round <= 9; round++)
        {
            // Mostly small batches, now and then most of the table.
            var size = random.Next(4) == 0 ? 300 : random.Next(1, 25);
            var batch = new Dictionary<(long, string), (int Day, bool Deleted)>();
            for (var i = 0; i < size; i++)
            {
                batch[(random.Next(200), $"n{random.Next(2)}")] = (random.Next(0, 90), random.Next(5) == 0);
            }

            Execute(area.Connection, "CREATE OR REPLACE TABLE batch (id BIGINT, name VARCHAR, day DATE, v INTEGER, gone BOOLEAN)");
            Execute(area.Connection, $"INSERT INTO batch VALUES {string.Join(", ", batch.Select(b => $"({b.Key.Item1}, '{b.Key.Item2}', DATE '2024-01-01' + {b.Value.Day}, {round}, {b.Value.Deleted})"))}");
            await area.MergeAsync(TestLake.Id(name), "SELECT * FROM batch", ["id", "name"], "gone", new Dictionary<string, string>(), CancellationToken.None);
            foreach (var (key, (day, deleted)) in batch)
            {
                if (deleted)
                {
                    model.Remove(key);
                }
                else
                {
                    model[key] = (day, round);
                }
            }

            var expected = model.Select(m => $"{m.Key.Item1}|{m.Key.Item2}|{m.Value.Day}|{m.Value.Version}").ToList();
            if (expected.Count > 0 || round > 1)
            {
                Assert.Equal(expected, await _lake.RowsAsync(name, expected.Count == 0 ? "SELECT * FROM t" : "SELECT id, name, day - DATE '2024-01-01', v FROM t ORDER BY id, name"));
            }
        }

        static void Execute(DuckDBConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
