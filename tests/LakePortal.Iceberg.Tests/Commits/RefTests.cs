using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Commits;

public sealed class RefTests : IDisposable
{
    private readonly Lake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Rows_on_a_branch_are_seen_on_main_only_after_they_are_published()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")], Branch = "audit" }, default);

        Assert.Single((await table.PlanScanAsync(SnapshotSelector.Current, null, default)).Tasks);
        Assert.Equal(2, (await table.PlanScanAsync(new SnapshotSelector { Ref = "audit" }, null, default)).Tasks.Count);
        Assert.Single(table.Metadata.SnapshotLog);

        table = await table.UpdateRefsAsync(r => r.FastForward("main", "audit").Remove("audit"), default);

        Assert.Equal(2, (await table.PlanScanAsync(SnapshotSelector.Current, null, default)).Tasks.Count);
        Assert.Equal(["main"], table.Metadata.Refs.Keys);
        Assert.Equal(table.Metadata.Refs["main"].SnapshotId, table.Metadata.CurrentSnapshotId);
        Assert.Equal(2, table.Metadata.SnapshotLog.Count);
    }

    [Fact]
    public async Task The_first_rows_of_a_table_can_be_published_from_a_branch()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")], Branch = "audit" }, default);
        Assert.Null(table.Metadata.CurrentSnapshotId);

        table = await table.UpdateRefsAsync(r => r.FastForward("main", "audit"), default);

        Assert.Single((await table.PlanScanAsync(SnapshotSelector.Current, null, default)).Tasks);
    }

    [Fact]
    public async Task Main_is_not_fast_forwarded_over_rows_that_the_branch_has_not_seen()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")], Branch = "audit" }, default);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "c")] }, default);

        await Assert.ThrowsAsync<CommitConflictException>(() => table.UpdateRefsAsync(r => r.FastForward("main", "audit"), default));
    }

    [Fact]
    public async Task Time_travel_follows_the_log_also_over_a_rollback()
    {
        var clock = new ManualClock();
        using var lake = new Lake(time: clock);
        var table = await lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        var (first, t1) = (table.Metadata.CurrentSnapshotId!.Value, clock.Now);
        clock.Now += TimeSpan.FromHours(1);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")] }, default);
        var t2 = clock.Now;
        clock.Now += TimeSpan.FromHours(1);
        table = await table.UpdateRefsAsync(r => r.SetBranch("main", first).CreateTag("before-rollback", table.Metadata.CurrentSnapshotId!.Value, TimeSpan.FromDays(7)), default);

        async Task<int> FilesAt(DateTimeOffset time) => (await table.PlanScanAsync(new SnapshotSelector { AsOf = time }, null, default)).Tasks.Count;
        Assert.Equal(1, await FilesAt(t1));
        Assert.Equal(1, await FilesAt(t2.AddTicks(-1)));
        Assert.Equal(2, await FilesAt(t2));
        Assert.Equal(1, await FilesAt(clock.Now));
        Assert.Equal(2, (await table.PlanScanAsync(new SnapshotSelector { Ref = "before-rollback" }, null, default)).Tasks.Count);
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => FilesAt(t1.AddSeconds(-1)));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => table.PlanScanAsync(new SnapshotSelector { SnapshotId = 42 }, null, default));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => table.PlanScanAsync(new SnapshotSelector { Ref = "nothing" }, null, default));
    }

    [Fact]
    public async Task Refs_that_make_no_sense_are_refused()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        var head = table.Metadata.CurrentSnapshotId!.Value;
        table = await table.UpdateRefsAsync(r => r.CreateTag("v1", head), default);

        await Assert.ThrowsAsync<CommitConflictException>(() => table.UpdateRefsAsync(r => r.CreateBranch("v1", head), default));
        await Assert.ThrowsAsync<SnapshotNotFoundException>(() => table.UpdateRefsAsync(r => r.CreateBranch("b", 42), default));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => table.UpdateRefsAsync(r => r.Remove("main"), default));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => table.UpdateRefsAsync(r => r.SetBranch("v1", head), default));
        await Assert.ThrowsAsync<InvalidChangeException>(() => table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "b")], Branch = "v1" }, default));
    }

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddDays(20000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
