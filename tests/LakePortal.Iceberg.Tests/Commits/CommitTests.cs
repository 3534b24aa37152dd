using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Commits;

public sealed class CommitTests : IDisposable
{
    private readonly Lake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task A_new_table_is_empty_and_can_be_scanned()
    {
        var table = await _lake.CreateOrdersAsync();

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);

        Assert.Null(plan.SnapshotId);
        Assert.Empty(plan.Tasks);
        Assert.Equal([1, 2, 3, 4, 5, 6], plan.Schema.Fields.Select(f => f.Id));
    }

    [Fact]
    public async Task Appended_files_are_scanned_and_summed_up()
    {
        var table = await _lake.CreateOrdersAsync();

        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a", 5), Lake.Data(table, "b", 7)] }, default);
        table = await table.CommitAsync(
            new SnapshotChange { AddedFiles = [Lake.Data(table, "c", 9)], Summary = new Dictionary<string, string> { ["lakeportal.position.shop"] = "0/16B3748" } }, default);

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);
        Assert.Equal(21, plan.Tasks.Sum(t => t.File.RecordCount));
        Assert.Equal([("c", 2L), ("a", 1L), ("b", 1L)], plan.Tasks.Select(t => (Path.GetFileNameWithoutExtension(t.File.Path), t.File.DataSequenceNumber!.Value)));
        var summary = table.Metadata.CurrentSnapshot!.Summary;
        Assert.Equal("append", summary["operation"]);
        Assert.Equal("0/16B3748", summary["lakeportal.position.shop"]);
        Assert.Equal(("1", "9", "1009"), (summary["added-data-files"], summary["added-records"], summary["added-files-size"]));
        Assert.Equal(("3", "21", "3021"), (summary["total-data-files"], summary["total-records"], summary["total-files-size"]));
        Assert.Equal(("0", "0", "0"), (summary["total-delete-files"], summary["total-position-deletes"], summary["total-equality-deletes"]));
    }

    [Fact]
    public async Task Replacing_everything_keeps_the_old_snapshot_readable()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a", 5)] }, default);
        var before = table.Metadata.CurrentSnapshotId!.Value;

        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b", 3)], RemoveAll = true }, default);

        var now = await table.PlanScanAsync(SnapshotSelector.Current, null, default);
        var then = await table.PlanScanAsync(new SnapshotSelector { SnapshotId = before }, null, default);
        Assert.Equal("b.parquet", Path.GetFileName(Assert.Single(now.Tasks).File.Path));
        Assert.Equal("a.parquet", Path.GetFileName(Assert.Single(then.Tasks).File.Path));
        var summary = table.Metadata.CurrentSnapshot!.Summary;
        Assert.Equal(("overwrite", "1", "5", "1", "3"), (summary["operation"], summary["deleted-data-files"], summary["deleted-records"], summary["total-data-files"], summary["total-records"]));
    }

    [Fact]
    public async Task Position_deletes_apply_to_older_and_equally_old_data_only()
    {
        var table = await _lake.CreateOrdersAsync();
        var a = Lake.Data(table, "a");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a] }, default);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")], AddedDeletes = [Lake.PositionDelete(table, "d", null)] }, default);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "c")] }, default);

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);

        Assert.Equal(
            new Dictionary<string, int> { ["a"] = 1, ["b"] = 1, ["c"] = 0 },
            plan.Tasks.ToDictionary(t => Path.GetFileNameWithoutExtension(t.File.Path), t => t.Deletes.Count));
        Assert.Equal(["append", "overwrite", "append"], table.Metadata.Snapshots.Select(s => s.Operation));
    }

    [Fact]
    public async Task A_reload_from_the_files_sees_the_same_table()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a", 5)] }, default);

        var other = new LakePortal.Iceberg.Catalog.TableCatalog(_lake.Store, _lake.IO, _lake.Root, TimeProvider.System);
        var loaded = await other.LoadAsync(Lake.Orders, default);

        Assert.Equal(table.MetadataLocation, loaded.MetadataLocation);
        Assert.Equal(table.Metadata.CurrentSnapshotId, loaded.Metadata.CurrentSnapshotId);
        Assert.Equal(table.Schema.Fields.Select(f => (f.Id, f.Name, f.Required)), loaded.Schema.Fields.Select(f => (f.Id, f.Name, f.Required)));
        Assert.Equal([1], loaded.Schema.IdentifierFieldIds);
        Assert.Single(await loaded.ListFilesAsync(SnapshotSelector.Current, default));
    }
}
