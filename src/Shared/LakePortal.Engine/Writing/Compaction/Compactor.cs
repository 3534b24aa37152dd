using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Commits;
using LakePortal.Engine.Writing.Files;
using LakePortal.Engine.Writing.Merging;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Compaction;

/// <summary>
/// Compacts in rounds: bins are written, then looked at again at the table's newest snapshot. Bins whose files are still what they were are committed on top of it; the others are
/// written once more. The commit itself is refused when even then a delete came in between, so a row that was deleted never comes back.
/// </summary>
internal sealed class Compactor(ITableCatalog catalog, IFileIO io, DataFileWriter dataFiles, Committer committer, Merger merger, WriterOptions options) : ITableCompactor
{
    /// <summary>Names the maintenance in a snapshot's summary.</summary>
    public const string MaintenanceKey = "lakeportal.maintenance";

    // Rounds while merges go on, and then those while they wait.
    private const int FreeRounds = 2;
    private const int MostRounds = 5;
    private const int ManyManifests = 20;

    /// <summary>Told of each step, so that tests can break off there or change the table.</summary>
    public required Func<string, Task> Reached { get; init; }

    public async Task<CompactionForecast> ForecastAsync(TableIdentifier table, CompactionRules rules, CancellationToken cancellationToken)
    {
        var found = await LoadAsync(table, cancellationToken);
        var plan = await found.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken);
        var bins = NestedNames.AreStable(found) ? CompactionPlan.Choose(plan, rules, options.TargetFileBytes) : [];
        var tasks = bins.SelectMany(b => b.Tasks).ToList();
        var chosen = tasks.Select(t => t.File.Path).ToHashSet(StringComparer.Ordinal);
        var others = plan.Tasks.Where(t => !chosen.Contains(t.File.Path)).SelectMany(t => t.Deletes).Select(d => d.Path).ToHashSet(StringComparer.Ordinal);
        var deletes = tasks.SelectMany(t => t.Deletes).DistinctBy(d => d.Path).Where(d => !others.Contains(d.Path)).ToList();
        var shared = plan.Tasks.SelectMany(t => t.Deletes.Where(d => DeleteFileWriter.TargetOf(d) is null)).GroupBy(d => d.Path).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        return new CompactionForecast(
            tasks.Count, deletes.Count, bins.Count, tasks.Sum(t => t.File.RecordCount) - (long)tasks.Sum(t => CompactionPlan.Deleted(t, shared)),
            bins.Sum(b => b.Bytes) + deletes.Sum(d => d.FileSizeInBytes), plan.Statistics.ManifestsTotal);
    }

    public async Task<CompactionOutcome> CompactAsync(TableIdentifier table, CompactionRules rules, CancellationToken cancellationToken)
    {
        var found = await LoadAsync(table, cancellationToken);
        var plan = await found.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken);
        var total = new CompactionOutcome(0, 0, 0, 0, 0, 0, 0, plan.Statistics.ManifestsTotal, null);

        // DuckDB finds fields of structs by their names: renamed ones would be lost.
        if (!NestedNames.AreStable(found))
        {
            return total;
        }

        foreach (var batch in Batches(CompactionPlan.Choose(plan, rules, options.TargetFileBytes), rules.MostBytesPerCommit))
        {
            total = await new CompactionRun(this, found, plan, rules).RunAsync(batch, total, cancellationToken);
        }

        return total;
    }

    public async Task<(int Before, int After)> RewriteManifestsAsync(TableIdentifier table, CancellationToken cancellationToken)
    {
        var found = await LoadAsync(table, cancellationToken);
        var before = (await found.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken)).Statistics.ManifestsTotal;
        if (before < 2)
        {
            return (before, before);
        }

        var next = await found.CommitAsync(
            new SnapshotChange { KeepsRows = true, MergesManifests = true, Summary = new Dictionary<string, string> { [MaintenanceKey] = "rewrite-manifests" } }, cancellationToken);
        return (before, (await next.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken)).Statistics.ManifestsTotal);
    }

    private async Task<Table> LoadAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        var table = await catalog.LoadAsync(identifier, cancellationToken);
        return table.IsReadOnly ? throw new TableReadOnlyException(identifier) : table;
    }

    private static IEnumerable<IReadOnlyList<CompactionBin>> Batches(IReadOnlyList<CompactionBin> bins, long most)
    {
        var (batch, bytes) = (new List<CompactionBin>(), 0L);
        foreach (var bin in bins)
        {
            if (batch.Count > 0 && bytes + bin.Bytes > most)
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }

            batch.Add(bin);
            bytes += bin.Bytes;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private sealed record Written(CompactionBin Bin, IReadOnlyList<ContentFile> Files);

    private sealed class CompactionRun(Compactor owner, Table table, ScanPlan plan, CompactionRules rules)
    {
        private Table _table = table;
        private ScanPlan _plan = plan;

        public async Task<CompactionOutcome> RunAsync(IReadOnlyList<CompactionBin> bins, CompactionOutcome total, CancellationToken cancellationToken)
        {
            var files = new UncommittedFiles(owner.Io);
            await using var owned = files;

            // One thread: rows stay in their order, and whoever queries or writes meanwhile has the others.
            await using var database = PrivateDatabase.Open(owner.Options with { Threads = 1 });
            var connection = database.Connection;
            IReadOnlyList<CompactionBin> open = bins;
            try
            {
                for (var round = 0; open.Count > 0 && round < MostRounds; round++)
                {
                    var inTurn = round >= FreeRounds;
                    if (inTurn)
                    {
                        var left = rules.MostBytesInTurn;
                        var bounded = open.TakeWhile(b => (left -= b.Bytes) >= 0).ToList();
                        if (bounded.Count == 0)
                        {
                            break;
                        }

                        var rest = open.Skip(bounded.Count).ToList();
                        (open, total) = await owner.Merger.HoldAsync(_table.Identifier, () => RoundAsync(bounded, total, connection, files, cancellationToken), cancellationToken);
                        open = [.. open, .. rest];
                    }
                    else
                    {
                        (open, total) = await RoundAsync(open, total, connection, files, cancellationToken);
                    }
                }
            }
            catch (DuckDBException e)
            {
                throw WriteFailures.Of(_table.Identifier, e);
            }

            return total with { FilesLeft = total.FilesLeft + open.Sum(b => b.Tasks.Count) };
        }

        /// <returns>Bins to be written once more.</returns>
        private async Task<(IReadOnlyList<CompactionBin> Open, CompactionOutcome Total)> RoundAsync(
            IReadOnlyList<CompactionBin> bins, CompactionOutcome total, DuckDBConnection connection, UncommittedFiles files, CancellationToken cancellationToken)
        {
            // What came since the bins were chosen, or were committed in part, counts from the beginning.
            bins = await RefreshAsync(bins, cancellationToken);
            var written = new List<Written>();
            foreach (var bin in bins)
            {
                written.Add(new Written(bin, await WriteAsync(bin, connection, files, cancellationToken)));
            }

            await owner.Reached("written");
            var before = _plan;
            var now = await RefreshAsync(bins, cancellationToken);
            var touched = await TouchedAsync(before, now, connection, cancellationToken);
            var live = now.SelectMany(b => b.Tasks).Select(t => t.File.Path).ToHashSet(StringComparer.Ordinal);
            var same = written.Where(w => w.Bin.Tasks.All(t => live.Contains(t.File.Path) && !touched.Contains(t.File.Path))).ToList();
            if (same.Count > 0)
            {
                try
                {
                    total = await CommitAsync(same, total, connection, files, cancellationToken);
                }
                catch (CommitConflictException)
                {
                    same = [];
                }
            }

            var done = same.Select(w => w.Bin.Tasks[0].File.Path).ToHashSet(StringComparer.Ordinal);
            var again = written.Where(w => !done.Contains(w.Bin.Tasks[0].File.Path)).ToList();
            await files.RemoveAsync([.. again.SelectMany(w => w.Files).Select(f => f.Path)], cancellationToken);
            return ([.. again.Select(w => w.Bin)], total);
        }

        /// <summary>The same bins at the newest snapshot: with the deletes that their files have by now, without files that are gone.</summary>
        private async Task<IReadOnlyList<CompactionBin>> RefreshAsync(IReadOnlyList<CompactionBin> bins, CancellationToken cancellationToken)
        {
            var identity = _table.Metadata.TableUuid;
            _table = await owner.LoadAsync(_table.Identifier, cancellationToken);
            _plan = _table.Metadata.TableUuid == identity ? await _table.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken) : throw new CommitConflictException(_table.Identifier, "it was dropped and made anew meanwhile");
            var tasks = _plan.Tasks.ToDictionary(t => t.File.Path, StringComparer.Ordinal);
            return !NestedNames.AreStable(_table) ? [] :
            [
                .. bins.Select(b => new CompactionBin([.. b.Tasks.Select(t => tasks.GetValueOrDefault(t.File.Path)).OfType<FileScanTask>()]))
                    .Where(b => b.Tasks.Count > 1 || b.Tasks.Any(t => t.Deletes.Count > 0)),
            ];
        }

        /// <summary>Files of which rows may have been deleted since. Deletes that several files share are asked which ones they are about.</summary>
        private static async Task<HashSet<string>> TouchedAsync(ScanPlan before, IReadOnlyList<CompactionBin> now, DuckDBConnection connection, CancellationToken cancellationToken)
        {
            var known = before.Tasks.ToDictionary(t => t.File.Path, t => t.Deletes.Select(d => d.Path).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
            var touched = new HashSet<string>(StringComparer.Ordinal);
            var shared = new HashSet<string>(StringComparer.Ordinal);
            foreach (var task in now.SelectMany(b => b.Tasks))
            {
                var deletes = task.Deletes.Select(d => d.Path).ToHashSet(StringComparer.Ordinal);
                if (!known.TryGetValue(task.File.Path, out var earlier) || !earlier.IsSubsetOf(deletes) || task.Deletes.Any(d => !earlier.Contains(d.Path) && (DeleteFileWriter.TargetOf(d) is not null || d.Content != FileContent.PositionDeletes)))
                {
                    _ = touched.Add(task.File.Path);
                }
                else
                {
                    shared.UnionWith(deletes.Except(earlier));
                }
            }

            touched.UnionWith(await TargetsAsync(shared, connection, cancellationToken));
            return touched;
        }

        private static async Task<IReadOnlyList<string>> TargetsAsync(HashSet<string> deletes, DuckDBConnection connection, CancellationToken cancellationToken) => deletes.Count == 0 ? [] :
            await DuckDbCommands.QueryAsync(
                connection, $"SELECT DISTINCT file_path FROM read_parquet({WriterSql.Texts(deletes.Select(Locations.ToLocalPath))}, hive_partitioning = false)", r => r.GetString(0), cancellationToken);

        private async Task<IReadOnlyList<ContentFile>> WriteAsync(CompactionBin bin, DuckDBConnection connection, UncommittedFiles files, CancellationToken cancellationToken)
        {
            var fields = _table.Schema.Fields;
            var live = await LiveRows.CreateAsync(_table.Identifier, connection, _plan with { Tasks = bin.Tasks }, cancellationToken);
            try
            {
                var names = string.Join(", ", fields.Select((f, i) => $"r.{LiveRows.Alias(i)} AS {WriterSql.Name(f.Name)}"));
                var select = $"""
                    SELECT {names} FROM ({LiveRows.Scan(bin.Tasks.Select(t => Locations.ToLocalPath(t.File.Path)), fields)}) AS r
                    ANTI JOIN {LiveRows.DeleteTable} AS d ON d.local = r.filename AND d.pos = r.file_row_number
                    """;
                var written = await owner.DataFiles.WriteAsync(connection, select, [.. fields.Select(f => new ColumnAssignment(f, f.Name))], WriteTarget.Of(_table), files, cancellationToken);
                var deleted = (await DuckDbCommands.QueryAsync(connection, $"SELECT count(*) FROM {LiveRows.DeleteTable}", r => r.GetInt64(0), cancellationToken))[0];
                var (expected, found) = (live.Tasks.Values.Sum(t => t.File.RecordCount) - deleted, written.Sum(f => f.RecordCount));
                return expected == found ? written : throw new CompactionMismatchException(_table.Identifier, expected, found);
            }
            finally
            {
                await LiveRows.DropAsync(connection);
            }
        }

        private async Task<CompactionOutcome> CommitAsync(
            IReadOnlyList<Written> bins, CompactionOutcome total, DuckDBConnection connection, UncommittedFiles files, CancellationToken cancellationToken)
        {
            var tasks = bins.SelectMany(b => b.Bin.Tasks).ToList();
            var gone = tasks.Select(t => t.File.Path).ToHashSet(StringComparer.Ordinal);
            var added = bins.SelectMany(b => b.Files).ToList();
            var (shared, own) = await DeletesOfAsync(gone, connection, cancellationToken);
            var change = new SnapshotChange
            {
                AddedFiles = added,
                RemovedPaths = [.. gone, .. shared.Select(d => d.Path)],
                KeepsRows = true,
                BaseSnapshotId = _plan.SnapshotId,
                MergesManifests = _plan.Statistics.ManifestsTotal > ManyManifests,
                Summary = new Dictionary<string, string> { [MaintenanceKey] = "compact" },
            };
            await owner.Reached("committing");
            var snapshot = await owner.Committer.CommitAsync(_table, change, files, cancellationToken);
            return total with
            {
                DataFiles = total.DataFiles + gone.Count,
                DeleteFiles = total.DeleteFiles + shared.Count + own.Count,
                NewFiles = total.NewFiles + added.Count,
                Rows = total.Rows + added.Sum(f => f.RecordCount),
                Bytes = total.Bytes + tasks.Sum(t => t.File.FileSizeInBytes) + shared.Concat(own).Sum(d => d.FileSizeInBytes),
                NewBytes = total.NewBytes + added.Sum(f => f.FileSizeInBytes),
                SnapshotId = snapshot.SnapshotId,
            };
        }

        /// <summary>Deletes that have nothing left to delete: those about one file go with it, those that several share when none of these is left.</summary>
        private async Task<(IReadOnlyList<ContentFile> Shared, IReadOnlyList<ContentFile> Own)> DeletesOfAsync(HashSet<string> gone, DuckDBConnection connection, CancellationToken cancellationToken)
        {
            var deletes = _plan.Tasks.Where(t => gone.Contains(t.File.Path)).SelectMany(t => t.Deletes).DistinctBy(d => d.Path).ToList();
            var stays = _plan.Tasks.Select(t => t.File.Path).Where(p => !gone.Contains(p)).ToHashSet(StringComparer.Ordinal);
            var shared = new List<ContentFile>();
            foreach (var delete in deletes.Where(d => DeleteFileWriter.TargetOf(d) is null))
            {
                if (!(await TargetsAsync([delete.Path], connection, cancellationToken)).Any(stays.Contains))
                {
                    shared.Add(delete);
                }
            }

            return (shared, [.. deletes.Where(d => DeleteFileWriter.TargetOf(d) is { } target && gone.Contains(target))]);
        }
    }

    private IFileIO Io => io;

    private WriterOptions Options => options;

    private DataFileWriter DataFiles => dataFiles;

    private Committer Committer => committer;

    private Merger Merger => merger;
}
