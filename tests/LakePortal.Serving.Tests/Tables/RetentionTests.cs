using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;
using LakePortal.Kernel.Identity;
using LakePortal.Serving.Tables.Retention;

namespace LakePortal.Serving.Tests.Tables;

public sealed class RetentionTests(ServingLake serving) : IClassFixture<ServingLake>
{
    private static readonly RetentionOptions Short = new() { KeepSnapshots = 3, KeepFor = TimeSpan.Zero, Grace = TimeSpan.Zero };

    private ITableCatalog Catalog => serving.Service<ITableCatalog>();

    [Fact]
    public async Task Old_snapshots_and_then_their_files_go_but_not_what_a_tag_a_branch_or_a_running_statement_needs()
    {
        var table = new TableIdentifier("curated", "expired");
        for (var i = 0; i < 8; i++)
        {
            await serving.WriteAsync("curated.expired", $"SELECT {i} AS round, i::BIGINT AS id FROM range(20000) t(i)");
            if (i is 1 or 2)
            {
                var now = await Catalog.LoadAsync(table, default);
                _ = await now.UpdateRefsAsync(r => _ = i == 1 ? r.CreateTag("kept", now.Metadata.CurrentSnapshotId!.Value) : r.CreateBranch("audit", now.Metadata.CurrentSnapshotId!.Value), default);
            }
        }

        var before = await Catalog.LoadAsync(table, default);
        var oldest = before.Metadata.Snapshots[0];
        await using var reader = await serving.Service<ILakeEngine>().StartAsync(
            new LakeQueryRequest("SELECT round, id FROM curated.expired", Caller.System) { At = new Dictionary<TableIdentifier, Iceberg.Scans.SnapshotSelector> { [table] = new() { SnapshotId = oldest.SnapshotId } } }, default);

        var dry = await Expiry().RunAsync(table, dryRun: true, default);
        Assert.Equal((8, 3, 0), (dry.Snapshots, dry.Expired, dry.FilesWaiting));
        Assert.Equal(8, (await Catalog.LoadAsync(table, default)).Metadata.Snapshots.Count);

        var first = await Expiry().RunAsync(table, dryRun: false, default);
        Assert.Equal((8, 3, 0), (first.Snapshots, first.Expired, first.FilesDeleted));
        Assert.True(first.FilesWaiting > 0);
        var after = await Catalog.LoadAsync(table, default);
        Assert.Equal(["audit", "kept", "main"], after.Metadata.Refs.Keys.Order(StringComparer.Ordinal));
        Assert.Null(after.Metadata.FindSnapshot(oldest.SnapshotId));

        // The statement that began before goes on to its end.
        var rows = 0L;
        await foreach (var batch in reader.ReadAsync(default))
        {
            rows += batch.Length;
            batch.Dispose();
        }

        Assert.Equal(20000, rows);
        await reader.DisposeAsync();

        var second = await Expiry().RunAsync(table, dryRun: false, default);
        Assert.Equal((0, 0), (second.Expired, second.FilesWaiting));
        Assert.True(second.FilesDeleted >= 3);
        var location = new Uri(after.Metadata.Location).LocalPath;
        var kept = (await after.ListFilesOfAsync([.. after.Metadata.Snapshots.Select(s => s.SnapshotId)], default)).Select(after.ResolveLocation).ToHashSet();
        Assert.Equal(kept.Where(f => f.EndsWith(".parquet", StringComparison.Ordinal)).Order(), Directory.EnumerateFiles(Path.Combine(location, "data"), "*.parquet", SearchOption.AllDirectories).Order());
        Assert.All(kept, f => Assert.True(File.Exists(f), f));
        foreach (var snapshot in after.Metadata.Refs.Values.Select(r => r.SnapshotId))
        {
            Assert.Equal(20000, Assert.Single((await after.PlanScanAsync(new() { SnapshotId = snapshot }, null, default)).Tasks).File.RecordCount);
        }
    }

    [Fact]
    public async Task The_snapshot_that_says_the_reached_position_stays_and_each_day_of_a_refined_table_gets_a_tag()
    {
        var at = new DateTimeOffset(2024, 5, 10, 12, 0, 0, TimeSpan.Zero);
        await serving.WriteAsync("refined.aged", "SELECT 1 AS x");
        var some = (await Catalog.LoadAsync(new TableIdentifier("refined", "aged"), default)).Metadata;
        var template = some.CurrentSnapshot!;
        Snapshot Made(long id, DateTimeOffset time, bool position) => template with
        {
            SnapshotId = id, ParentSnapshotId = id > 1 ? id - 1 : null, Timestamp = time,
            Summary = position ? new Dictionary<string, string> { ["lakeportal.position.s"] = "0/1" } : new Dictionary<string, string>(),
        };
        // One every six hours; only the fifth says a position.
        var snapshots = Enumerable.Range(1, 12).Select(i => Made(i, at.AddHours(6 * (i - 12)), i == 5)).ToList();
        var table = some with { Snapshots = snapshots, CurrentSnapshotId = 12, Refs = new Dictionary<string, SnapshotRef> { ["main"] = new(12, false), ["old"] = new(1, true, MaxRefAge: TimeSpan.FromDays(1)), ["held"] = new(2, true) } };

        var plan = RetentionRules.Plan(table, Short with { KeepSnapshots = 2 }, at);
        Assert.Equal([1, 3, 4, 6, 7, 8, 9, 10], plan.Snapshots.Order());
        Assert.Equal(["old"], plan.Refs);
        Assert.Equal([("daily/2024-05-07", 1L), ("daily/2024-05-08", 5L), ("daily/2024-05-09", 9L)], RetentionRules.Days(table, Short, at).OrderBy(d => d.Tag, StringComparer.Ordinal).Select(d => (d.Tag, d.SnapshotId)));

        // Without positions, and kept for a day: the last one of each hour, here each of the last 24 hours.
        var plain = table with { Snapshots = [.. snapshots.Select(s => s with { Summary = new Dictionary<string, string>() })] };
        Assert.Equal([1, 3, 4, 5, 6, 7, 8], RetentionRules.Plan(plain, Short with { KeepSnapshots = 2, KeepFor = TimeSpan.FromHours(24) }, at).Snapshots.Order());
    }

    [Fact]
    public async Task What_a_table_has_reached_is_found_over_the_gaps_of_its_history()
    {
        var table = new TableIdentifier("curated", "gaps");
        for (var i = 0; i < 9; i++)
        {
            await serving.WriteAsync("curated.gaps", $"SELECT {i} AS x");
        }

        var before = (await Catalog.LoadAsync(table, default)).Metadata;
        var ids = before.History().Select(s => s.SnapshotId).ToList();
        Assert.Equal(9, ids.Count);
        await (await Catalog.LoadAsync(table, default)).RemoveSnapshotsAsync(_ => (new HashSet<long> { ids[2], ids[3], ids[6] }, new HashSet<string>()), default);
        Assert.Equal([ids[0], ids[1], ids[4], ids[5], ids[7], ids[8]], (await Catalog.LoadAsync(table, default)).Metadata.History().Select(s => s.SnapshotId));

        await serving.WriteAsync("curated.gaps", "SELECT 9 AS x");
        var next = await (await Catalog.LoadAsync(table, default)).RemoveSnapshotsAsync(_ => (new HashSet<long> { ids[0], ids[5] }, new HashSet<string>()), default);
        Assert.Equal([next.Metadata.CurrentSnapshotId!.Value, ids[1], ids[4], ids[7], ids[8]], next.Metadata.History().Select(s => s.SnapshotId));
        Assert.Equal(ids[2], next.Metadata.FindSnapshot(ids[1])!.ParentSnapshotId);

        // Rolled back behind a gap: what came after is none of its history.
        var back = await next.UpdateRefsAsync(r => _ = r.SetBranch("main", ids[4]), default);
        Assert.Equal([ids[4], ids[7], ids[8]], back.Metadata.History().Select(s => s.SnapshotId));
    }

    [Fact]
    public async Task A_process_that_ends_between_the_commit_and_the_note_of_it_leaves_no_file_behind_and_takes_none_too_early()
    {
        var table = new TableIdentifier("curated", "broken_off");
        for (var i = 0; i < 6; i++)
        {
            await serving.WriteAsync("curated.broken_off", $"SELECT {i} AS x");
        }

        // The second note is the one that says that it is done.
        var files = new BreakingFileIO(serving.Service<Iceberg.IO.IFileIO>()) { FailsToCreate = (n, location) => location.Contains("/expired-", StringComparison.Ordinal) && n > 1 };
        await Assert.ThrowsAsync<LakeFileException>(() => Expiry(files).RunAsync(table, dryRun: false, default));
        Assert.Equal(3, (await Catalog.LoadAsync(table, default)).Metadata.Snapshots.Count);

        var confirmed = await Expiry().RunAsync(table, dryRun: false, default);
        Assert.Equal((0, 0), (confirmed.Expired, confirmed.FilesDeleted));
        Assert.True(confirmed.FilesWaiting >= 3);
        var done = await Expiry().RunAsync(table, dryRun: false, default);
        Assert.Equal(confirmed.FilesWaiting, done.FilesDeleted);
        Assert.Equal((0, 0), await LeftAsync(table));
    }

    [Fact]
    public async Task Files_that_cannot_be_deleted_are_reported_and_tried_again()
    {
        var table = new TableIdentifier("curated", "stuck");
        for (var i = 0; i < 6; i++)
        {
            await serving.WriteAsync("curated.stuck", $"SELECT {i} AS x");
        }

        var stuck = await Expiry(new BreakingFileIO(serving.Service<Iceberg.IO.IFileIO>()) { FailsToDelete = location => location.EndsWith(".parquet", StringComparison.Ordinal) }).RunAsync(table, dryRun: false, default);
        Assert.True(stuck is { Expired: 3, FilesFailed: 3, Failure: not null, FilesDeleted: > 0 }, $"{stuck}");
        var again = await Expiry().RunAsync(table, dryRun: false, default);
        Assert.Equal((3, 0, (string?)null), (again.FilesDeleted, again.FilesFailed, again.Failure));
        Assert.Equal((0, 0), await LeftAsync(table));
    }

    [Fact]
    public async Task Orphans_are_old_files_that_nothing_refers_to_and_young_ones_stay()
    {
        await serving.WriteAsync("curated.littered", "SELECT 1 AS x");
        var identifier = new TableIdentifier("curated", "littered");
        var table = await Catalog.LoadAsync(identifier, default);
        var data = Path.Combine(new Uri(table.Metadata.Location).LocalPath, "data");
        var (old, young, recorded) = (Path.Combine(data, "lp-old.parquet"), Path.Combine(data, "lp-young.parquet"), Path.Combine(data, "lp-recorded.parquet"));
        foreach (var path in new[] { old, young, recorded })
        {
            await File.WriteAllTextAsync(path, "leftover");
        }

        foreach (var file in Directory.EnumerateFiles(new Uri(table.Metadata.Location).LocalPath, "*", SearchOption.AllDirectories).Where(f => f != young))
        {
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-4));
        }

        var orphans = new Serving.Tables.Maintenance.TableOrphans(
            Catalog, serving.Service<Iceberg.IO.IFileIO>(), [new Recorded([Iceberg.IO.Locations.FromLocalPath(recorded)])], Short with { OrphanAge = TimeSpan.FromDays(3) }, TimeProvider.System);
        var would = await orphans.RunAsync(identifier, dryRun: true, default);
        Assert.Equal((1, 1, 0, old), (would.Files, would.Young, would.Deleted, Assert.Single(would.Examples)));
        Assert.True(File.Exists(old));
        Assert.Equal(1, (await orphans.RunAsync(identifier, dryRun: false, default)).Deleted);
        Assert.Equal((false, true, true), (File.Exists(old), File.Exists(young), File.Exists(recorded)));
        await serving.WriteAsync("curated.littered", "SELECT 2 AS x", WriteMode.Append);
        Assert.Equal(2, (await (await Catalog.LoadAsync(identifier, default)).PlanScanAsync(new(), null, default)).Tasks.Count);
    }

    /// <summary>Data files that nothing refers to, and notes of expiries.</summary>
    private async Task<(int Files, int Notes)> LeftAsync(TableIdentifier identifier)
    {
        var table = await Catalog.LoadAsync(identifier, default);
        var kept = (await table.ListFilesOfAsync([.. table.Metadata.Snapshots.Select(s => s.SnapshotId)], default)).Select(table.ResolveLocation).ToHashSet();
        var location = new Uri(table.Metadata.Location).LocalPath;
        return (Directory.EnumerateFiles(location, "*.parquet", SearchOption.AllDirectories).Count(f => !kept.Contains(f)), Directory.EnumerateFiles(location, "expired-*", SearchOption.AllDirectories).Count());
    }

    private sealed class Recorded(IReadOnlyCollection<string> files) : IRecordedFiles
    {
        public Task<IReadOnlyCollection<string>> ListAsync(CancellationToken cancellationToken) => Task.FromResult(files);
    }

    private TableExpiry Expiry(Iceberg.IO.IFileIO? files = null) => new(Catalog, files ?? serving.Service<Iceberg.IO.IFileIO>(), serving.Service<IRunningQueries>(), Short, TimeProvider.System);
}
