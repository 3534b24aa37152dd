using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Commits;

public sealed class FailureTests : IDisposable
{
    private readonly FaultyStore _store = new(new InMemoryCatalogStore());
    private readonly FaultyFileIO _io = new(new LocalFileIO());
    private readonly Lake _lake;

    public FailureTests() => _lake = new Lake(_store, _io);

    public void Dispose() => _lake.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_full_disk_at_any_step_leaves_the_table_and_its_directory_as_they_were(int step)
    {
        var table = await _lake.CreateOrdersAsync();
        var a = Lake.Data(table, "a");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a, Lake.Data(table, "b")] }, default);
        var before = _lake.MetadataFiles(table);
        _io.Reset();
        _io.FailAt = step;

        // Four files: the new manifest, the rewritten one, the list, the metadata.
        var change = new SnapshotChange { AddedFiles = [Lake.Data(table, "c")], RemovedPaths = [a.Path] };
        await Assert.ThrowsAsync<LakeFileException>(() => table.CommitAsync(change, default));

        Assert.Equal(before, _lake.MetadataFiles(table));
        _io.FailAt = int.MaxValue;
        table = await table.CommitAsync(change, default);
        Assert.Equal(2, (await table.ListFilesAsync(SnapshotSelector.Current, default)).Count);
        ConcurrencyTests.AssertNoOrphans(table);
    }

    [Fact]
    public async Task A_swap_that_took_place_before_the_store_failed_counts_once()
    {
        var table = await _lake.CreateOrdersAsync();
        _store.OnSwap = async swap =>
        {
            await swap();
            throw new IOException("connection lost after the commit");
        };

        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);

        Assert.Single(table.Metadata.Snapshots);
        Assert.Single(await (await table.RefreshAsync(default)).ListFilesAsync(SnapshotSelector.Current, default));
    }

    [Fact]
    public async Task A_swap_that_won_and_was_followed_by_another_commit_before_the_store_failed_counts_once()
    {
        var table = await _lake.CreateOrdersAsync();
        var other = new TableCatalog(_store, _io, _lake.Root, TimeProvider.System);
        _store.OnSwap = async swap =>
        {
            _store.OnSwap = null;
            await swap();
            var theirs = await other.LoadAsync(Lake.Orders, default);
            await theirs.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(theirs, "theirs")] }, default);
            throw new IOException("connection lost after the commit");
        };

        await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "ours")] }, default);

        var files = await (await table.RefreshAsync(default)).ListFilesAsync(SnapshotSelector.Current, default);
        Assert.Equal(["ours", "theirs"], files.Select(f => Path.GetFileNameWithoutExtension(f.Path)).Order());
    }

    [Fact]
    public async Task A_swap_that_failed_before_it_took_place_is_tried_again()
    {
        var table = await _lake.CreateOrdersAsync();
        _store.OnSwap = _ =>
        {
            _store.OnSwap = null;
            throw new IOException("database is locked");
        };

        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);

        Assert.Single(await table.ListFilesAsync(SnapshotSelector.Current, default));
        ConcurrencyTests.AssertNoOrphans(table);
    }

    [Fact]
    public async Task When_the_outcome_cannot_be_known_nothing_is_removed()
    {
        var table = await _lake.CreateOrdersAsync();
        _store.OnSwap = async swap =>
        {
            await swap();
            _store.OnFind = () => new IOException("database is down");
            throw new IOException("connection lost");
        };

        await Assert.ThrowsAsync<CommitStateUnknownException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default));

        // It had taken place in truth: the table must be whole.
        _store.OnFind = null;
        _store.OnSwap = null;
        var now = await new TableCatalog(_store, _io, _lake.Root, TimeProvider.System).LoadAsync(Lake.Orders, default);
        Assert.Single(await now.ListFilesAsync(SnapshotSelector.Current, default));
    }

    [Fact]
    public async Task Commits_that_always_lose_end_in_a_conflict_and_clean_up()
    {
        var table = await _lake.CreateAsync(Lake.Orders, new Dictionary<string, string> { [CommitProperties.MinWaitMs] = "1" });
        var before = _lake.MetadataFiles(table);
        var swaps = 0;
        _store.OnSwap = _ => Task.FromResult(++swaps < 0);

        var e = await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default));

        Assert.True(e.IsTransient);
        Assert.Equal(5, swaps);
        Assert.Equal(before, _lake.MetadataFiles(table));
    }

    [Fact]
    public async Task A_table_that_was_dropped_and_made_again_does_not_take_the_old_ones_commits()
    {
        var table = await _lake.CreateOrdersAsync();
        await _lake.Catalog.DropAsync(Lake.Orders, purge: false, default);
        var second = await _lake.CreateOrdersAsync();
        Assert.NotEqual(table.Metadata.Location, second.Metadata.Location);

        await Assert.ThrowsAsync<CommitConflictException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default));

        Assert.Empty((await _lake.Catalog.LoadAsync(Lake.Orders, default)).Metadata.Snapshots);
    }

    [Fact]
    public async Task A_change_that_contradicts_itself_is_refused()
    {
        var table = await _lake.CreateOrdersAsync();
        var a = Lake.Data(table, "a");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [a] }, default);

        await Assert.ThrowsAsync<InvalidChangeException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b"), Lake.Data(table, "b")] }, default));
        await Assert.ThrowsAsync<InvalidChangeException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [a], RemovedPaths = [a.Path] }, default));
        await Assert.ThrowsAsync<InvalidChangeException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b") with { SpecId = 7 }] }, default));
        await Assert.ThrowsAsync<InvalidChangeException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b", 1, "surplus")] }, default));
        await Assert.ThrowsAsync<InvalidChangeException>(() => table.CommitAsync(new SnapshotChange { AddedDeletes = [Lake.Data(table, "b")] }, default));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_turn_the_history_around()
    {
        var clock = new SteppingClock();
        using var lake = new Lake(time: clock);
        var table = await lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        clock.Now -= TimeSpan.FromDays(3);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")] }, default);

        var times = table.Metadata.SnapshotLog.Select(e => e.Timestamp).ToList();
        Assert.Equal(times.Order(), times);
        Assert.True(table.Metadata.LastUpdated >= times[^1]);
    }

    private sealed class SteppingClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddDays(20000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
