using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Tests.Writing;

public sealed class CommitTests : IDisposable
{
    private static readonly Dictionary<string, string> NoSummary = [];

    private readonly TestLake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Replace_leaves_only_the_new_rows_and_counts_the_old()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT range AS i FROM range(100)");
        await _lake.WriteAsync("t", WriteMode.Merge, "SELECT range AS i FROM range(10)", "i");
        var outcome = await _lake.WriteAsync("t", WriteMode.Replace, "SELECT 7 AS i");
        Assert.Equal((1, 100), (outcome.RowsWritten, outcome.RowsDeleted));
        Assert.Equal(["7"], await _lake.RowsAsync("t", "SELECT i FROM t"));
        await _lake.WriteAsync("t", WriteMode.Replace, "SELECT 7 AS i WHERE false");
        Assert.Empty((await _lake.PlanAsync("t")).Tasks);
    }

    [Fact]
    public async Task Files_that_are_not_committed_go_with_the_area_unless_they_are_kept()
    {
        await _lake.CreateAsync("t", [new NestedField(0, "i", PrimitiveType.Long)]);
        IReadOnlyList<ContentFile> kept;
        await using (var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None))
        {
            kept = await area.WriteFilesAsync(area.Connection, "SELECT range AS i FROM range(10)", TestLake.Id("t"), CancellationToken.None);
            await area.WriteFilesAsync(area.Connection, "SELECT range AS i FROM range(20)", TestLake.Id("t"), CancellationToken.None);
            area.Keep(kept);
            Assert.Equal(2, _lake.DataFiles("t").Count);
        }

        Assert.Single(_lake.DataFiles("t"));

        // After a restart: the list was recorded as JSON.
        var recorded = ContentFileJson.Read(ContentFileJson.Write(kept));
        await using (var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None))
        {
            await area.CommitAppendAsync(TestLake.Id("t"), recorded, new Dictionary<string, string> { ["lakeportal.position.shop"] = "0/1A2B" }, CancellationToken.None);
        }

        Assert.Equal(["10"], await _lake.RowsAsync("t", "SELECT count(*) FROM t"));
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        Assert.Equal("0/1A2B", table.Metadata.CurrentSnapshot!.Summary["lakeportal.position.shop"]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_lake.Root, "tmp")));
    }

    [Fact]
    public async Task Discarded_files_are_removed()
    {
        await _lake.CreateAsync("t", [new NestedField(0, "i", PrimitiveType.Long)]);
        await using var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None);
        var files = await area.WriteFilesAsync(area.Connection, "SELECT 1 AS i", TestLake.Id("t"), CancellationToken.None);
        await area.DiscardAsync(files, CancellationToken.None);
        Assert.Empty(_lake.DataFiles("t"));
    }

    [Fact]
    public void Content_files_survive_json_exactly()
    {
        var file = new ContentFile
        {
            Content = FileContent.PositionDeletes,
            Path = "file:///a \"b\"/ż.parquet",
            SpecId = 3,
            Partition = [null, true, -5, long.MinValue, float.NegativeZero, double.NaN, new IcebergDecimal(System.Numerics.BigInteger.Parse("-99999999999999999999999999999999999999", System.Globalization.CultureInfo.InvariantCulture), 10), "\ud834\udd1e", Guid.Parse("f79c3e09-677c-4bbd-a479-3f349cb785e7"), new byte[] { 0, 255 }],
            RecordCount = long.MaxValue,
            FileSizeInBytes = 1,
            ColumnSizes = new Dictionary<int, long> { [1] = 2 },
            LowerBounds = new Dictionary<int, byte[]> { [1] = [], [2] = [1, 2, 3] },
            SplitOffsets = [4, 5],
            EqualityIds = [1],
            SortOrderId = 0,
            ReferencedDataFile = "x",
            DataSequenceNumber = 9,
        };
        var back = Assert.Single(ContentFileJson.Read(ContentFileJson.Write([file])));
        Assert.Equal(file.Partition.Select(v => v is byte[] b ? Convert.ToHexString(b) : v), back.Partition.Select(v => v is byte[] b ? Convert.ToHexString(b) : v));
        Assert.True(float.IsNegative((float)back.Partition[4]!));
        Assert.Equal(file.LowerBounds.Select(b => (b.Key, Convert.ToHexString(b.Value))), back.LowerBounds!.Select(b => (b.Key, Convert.ToHexString(b.Value))));
        Assert.Equal(ContentFileJson.Write([file]), ContentFileJson.Write([back]));
        Assert.Null(back.UpperBounds);
        Assert.Throws<System.Text.Json.JsonException>(() => ContentFileJson.Read("[{\"content\": 0}]"));
    }

    [Fact]
    public async Task A_commit_that_fails_for_sure_removes_its_files()
    {
        await _lake.CreateAsync("t", [new NestedField(0, "i", PrimitiveType.Long)]);
        await using (var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None))
        {
            var files = await area.WriteFilesAsync(area.Connection, "SELECT 1 AS i", TestLake.Id("t"), CancellationToken.None);
            await _lake.Catalog.DropAsync(TestLake.Id("t"), purge: false, CancellationToken.None);
            await Assert.ThrowsAsync<TableNotFoundException>(() => area.CommitAppendAsync(TestLake.Id("t"), files, NoSummary, CancellationToken.None));
        }

        Assert.Empty(_lake.DataFiles("t"));
    }

    [Fact]
    public async Task A_branch_is_written_without_touching_main()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT range AS i FROM range(10)");
        await _lake.Writer.WriteQueryAsync(new WriteQuery(TestLake.Request("SELECT range AS i FROM range(5, 15)"), TestLake.Id("t"), WriteMode.Merge) { Key = ["i"], Branch = "audit" }, CancellationToken.None);
        Assert.Equal(["10"], await _lake.RowsAsync("t", "SELECT count(*) FROM t"));
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        var plan = await table.PlanScanAsync(new Iceberg.Scans.SnapshotSelector { Ref = "audit" }, null, CancellationToken.None);
        Assert.Equal(15, plan.Tasks.Sum(t => t.File.RecordCount) - plan.Tasks.SelectMany(t => t.Deletes).Sum(d => d.RecordCount));
    }
}
