using System.Globalization;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Commits;

public sealed class ConcurrencyTests : IDisposable
{
    private const int Writers = 16;
    private const int Appends = 20;
    private readonly Lake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Appends_of_many_writers_all_land_exactly_once(bool separateProcesses)
    {
        // Writers of several processes do not share the queue: every collision is resolved by the swap alone.
        var table = await _lake.CreateAsync(
            Lake.Orders, new Dictionary<string, string> { [CommitProperties.NumRetries] = "1000", [CommitProperties.MinWaitMs] = "1", [CommitProperties.MaxWaitMs] = "20" });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            var catalog = separateProcesses ? new TableCatalog(_lake.Store, new LocalFileIO(), _lake.Root, TimeProvider.System) : _lake.Catalog;
            var mine = await catalog.LoadAsync(Lake.Orders, default);
            for (var i = 0; i < (separateProcesses ? Appends / 4 : Appends); i++)
            {
                mine = await mine.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(mine, $"{w}-{i}", 3)] }, default);
            }
        })));

        table = await _lake.Catalog.LoadAsync(Lake.Orders, default);
        var expected = Writers * (separateProcesses ? Appends / 4 : Appends);
        var files = await table.ListFilesAsync(SnapshotSelector.Current, default);
        Assert.Equal(expected, files.Count);
        Assert.Equal(expected, files.Select(f => f.Path).Distinct().Count());
        Assert.Equal(expected, table.Metadata.Snapshots.Count);
        Assert.Equal(Enumerable.Range(1, expected).Select(i => (long)i), table.Metadata.Snapshots.Select(s => s.SequenceNumber));
        Assert.Equal((expected * 3).ToString(CultureInfo.InvariantCulture), table.Metadata.CurrentSnapshot!.Summary["total-records"]);
        Assert.Equal(files.Select(f => f.DataSequenceNumber!.Value).Order(), Enumerable.Range(1, expected).Select(i => (long)i));
        Assert.True(table.Metadata.MetadataLog.Count <= 100);
        AssertNoOrphans(table);
    }

    [Fact]
    public async Task A_merge_is_refused_when_rows_came_in_between()
    {
        var table = await _lake.CreateOrdersAsync();
        var a = Lake.Data(table, "a");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a] }, default);
        var @base = table.Metadata.CurrentSnapshotId;
        await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")] }, default);

        var merge = new SnapshotChange
        {
            AddedFiles = [Lake.Data(table, "m")], AddedDeletes = [Lake.PositionDelete(table, "d", a.Path)], BaseSnapshotId = @base, ValidateNoConflicts = true,
        };
        var e = await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(merge, default));

        Assert.True(e.IsTransient);
        var now = await table.RefreshAsync(default);
        Assert.Equal(2, now.Metadata.Snapshots.Count);
        AssertNoOrphans(now);
    }

    [Fact]
    public async Task A_merge_passes_over_a_compaction_that_left_its_files_alone()
    {
        var table = await _lake.CreateOrdersAsync();
        var (a, b, c) = (Lake.Data(table, "a"), Lake.Data(table, "b"), Lake.Data(table, "c"));
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a, b, c] }, default);
        var @base = table.Metadata.CurrentSnapshotId;
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "bc", 20)], RemovedPaths = [b.Path, c.Path], KeepsRows = true, BaseSnapshotId = @base }, default);
        Assert.Equal("replace", table.Metadata.CurrentSnapshot!.Operation);

        SnapshotChange Merge(string name, string? target) => new()
        {
            AddedFiles = [Lake.Data(table, name)], AddedDeletes = [Lake.PositionDelete(table, "d" + name, target)], BaseSnapshotId = @base, ValidateNoConflicts = true,
        };
        await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(Merge("x", b.Path), default));
        await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(Merge("y", null), default));
        table = await table.CommitAsync(Merge("z", a.Path), default);

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);
        Assert.Equal([a.Path], plan.Tasks.Where(t => t.Deletes.Count > 0).Select(t => t.File.Path));
    }

    [Fact]
    public async Task A_compaction_is_refused_when_its_rows_were_deleted_meanwhile()
    {
        var table = await _lake.CreateOrdersAsync();
        var (a, b) = (Lake.Data(table, "a"), Lake.Data(table, "b"));
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a, b] }, default);
        var @base = table.Metadata.CurrentSnapshotId;
        table = await table.CommitAsync(new SnapshotChange { AddedDeletes = [Lake.PositionDelete(table, "d", a.Path)] }, default);

        var compaction = new SnapshotChange { AddedFiles = [Lake.Data(table, "ab", 20)], RemovedPaths = [a.Path, b.Path], KeepsRows = true, BaseSnapshotId = @base };
        await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(compaction, default));

        // The same on top of the newest snapshot works, and the deletes about the removed file go with it.
        table = await table.CommitAsync(compaction with { AddedFiles = [Lake.Data(table, "ab2", 19)], BaseSnapshotId = table.Metadata.CurrentSnapshotId }, default);
        Assert.Equal(["ab2"], (await table.ListFilesAsync(SnapshotSelector.Current, default)).Select(f => Path.GetFileNameWithoutExtension(f.Path)));
        Assert.Equal("0", table.Metadata.CurrentSnapshot!.Summary["total-delete-files"]);
    }

    [Fact]
    public async Task Removing_a_file_twice_is_a_conflict()
    {
        var table = await _lake.CreateOrdersAsync();
        var (a, b) = (Lake.Data(table, "a"), Lake.Data(table, "b"));
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a, b] }, default);

        table = await table.CommitAsync(new SnapshotChange { RemovedPaths = [a.Path] }, default);
        Assert.Equal("delete", table.Metadata.CurrentSnapshot!.Operation);
        await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(new SnapshotChange { RemovedPaths = [a.Path] }, default));

        var left = Assert.Single(await table.ListFilesAsync(SnapshotSelector.Current, default));
        Assert.Equal((b.Path, (long?)1L, (long?)1L), (left.Path, left.DataSequenceNumber, left.FileSequenceNumber));
    }

    [Fact]
    public async Task Small_manifests_are_merged_and_nothing_is_lost()
    {
        var table = await _lake.CreateAsync(Lake.Orders, new Dictionary<string, string> { [CommitProperties.ManifestMinCountToMerge] = "5" });
        for (var i = 0; i < 23; i++)
        {
            table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, $"f{i:00}")] }, default);
        }

        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, default);
        Assert.Equal(23, plan.Tasks.Count);
        Assert.InRange(plan.Statistics.ManifestsTotal, 1, 6);
        Assert.Equal(Enumerable.Range(1, 23).Select(i => (long)i), plan.Tasks.Select(t => t.File.DataSequenceNumber!.Value).Order());

        // Every earlier snapshot still sees exactly its own files.
        for (var i = 0; i < 23; i++)
        {
            var then = await table.ListFilesAsync(new SnapshotSelector { SnapshotId = table.Metadata.Snapshots[i].SnapshotId }, default);
            Assert.Equal(i + 1, then.Count);
        }
    }

    /// <summary>Every file below <c>metadata/</c> is referred to by the table.</summary>
    internal static void AssertNoOrphans(Table table)
    {
        var directory = Path.Combine(Locations.ToLocalPath(table.Metadata.Location), "metadata");
        var known = table.Metadata.MetadataLog.Select(e => e.MetadataFile)
            .Append(table.MetadataLocation)
            .Concat(table.Metadata.Snapshots.Select(s => s.ManifestList))
            .Concat(table.Metadata.Snapshots.SelectMany(s =>
                LakePortal.Iceberg.Manifests.ManifestListReader.Read(File.ReadAllBytes(Locations.ToLocalPath(s.ManifestList))).Select(m => m.Path)))
            .Select(Locations.ToLocalPath)
            .ToHashSet();
        Assert.DoesNotContain(Directory.GetFiles(directory), f => !known.Contains(f));
    }
}
