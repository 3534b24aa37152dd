using System.Collections.Concurrent;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Commits;
using LakePortal.Engine.Writing.Files;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>
/// Upserts by key: finds the live positions of the keys, deletes them and adds the new data files, in one snapshot that holds only if nobody
/// wrote in between; else the positions are looked up again. The new data files are written once.
/// </summary>
internal sealed class Merger(ITableCatalog catalog, Committer committer, PositionDeleter deleter, UnchangedRows unchanged, WriterOptions options, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    // Merges of one process into one table wait for each other instead of undoing each other's look-ups.
    private readonly ConcurrentDictionary<TableIdentifier, SemaphoreSlim> _turns = new();

    public async Task<WriteOutcome> MergeAsync(MergeInput input, UncommittedFiles files, CancellationToken cancellationToken)
    {
        try
        {
            var keys = await MergeSpans.RunAsync("merge keys", () => KeyTable.CreateAsync(input, cancellationToken));
            return await InTurnAsync(
                input, files,
                async attempt =>
                {
                    if (input.SkipUnchanged && attempt > 0)
                    {
                        // The attempt before took the keys of unchanged rows out; they may have changed since.
                        keys = await KeyTable.CreateAsync(input, cancellationToken);
                    }

                    return keys.Predicate;
                },
                async (table, plan, made) =>
                {
                    var added = input.Files;
                    if (input.SkipUnchanged)
                    {
                        added = await unchanged.RemoveAsync(input, keys, table, plan, files, cancellationToken);
                        made.AddRange(added.Except(input.Files));
                    }

                    return (added, await deleter.RemoveAsync(input, keys, table, plan, files, cancellationToken));
                },
                cancellationToken);
        }
        catch (DuckDBException e)
        {
            throw WriteFailures.Of(input.Table.Identifier, e);
        }
        finally
        {
            await KeyTable.DropAsync(input);
        }
    }

    /// <summary>Adds the input's files and removes as many rows equal to each of some as are wanted.</summary>
    public async Task<WriteOutcome> RemoveCopiesAsync(MergeInput input, Copies copies, UncommittedFiles files, CancellationToken cancellationToken)
    {
        try
        {
            return await InTurnAsync(
                input, files,
                _ => Task.FromResult(copies.Predicate),
                async (table, plan, _) => (input.Files, await deleter.RemoveCopiesAsync(input, copies, table, plan, files, cancellationToken)),
                cancellationToken);
        }
        catch (DuckDBException e)
        {
            throw WriteFailures.Of(input.Table.Identifier, e);
        }
    }

    /// <summary>Does something while no merge of this process into the table goes on.</summary>
    public async Task<T> HoldAsync<T>(TableIdentifier table, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var turn = _turns.GetOrAdd(table, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await work();
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<WriteOutcome> InTurnAsync(
        MergeInput input, UncommittedFiles files, Func<int, Task<Predicate?>> begin,
        Func<Table, ScanPlan, List<ContentFile>, Task<(IReadOnlyList<ContentFile> Added, Removal Removal)>> look, CancellationToken cancellationToken)
    {
        return await HoldAsync(input.Table.Identifier, () => RetryAsync(input, files, begin, look, cancellationToken), cancellationToken);
    }

    /// <param name="begin">Called for each attempt; gives a condition that all rows to look for fulfil.</param>
    /// <param name="look">What is added and what goes, at a snapshot; files made for it alone are added to the list.</param>
    private async Task<WriteOutcome> RetryAsync(
        MergeInput input, UncommittedFiles files, Func<int, Task<Predicate?>> begin,
        Func<Table, ScanPlan, List<ContentFile>, Task<(IReadOnlyList<ContentFile> Added, Removal Removal)>> look, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var predicate = await begin(attempt);
            var table = await catalog.LoadAsync(input.Table.Identifier, cancellationToken);
            if (table.Metadata.TableUuid != input.Table.Metadata.TableUuid)
            {
                throw new TableNotMergeableException(table.Identifier, "it was dropped and made anew meanwhile");
            }

            var branch = input.Branch ?? SnapshotRef.Main;
            var selector = input.Branch is { } name && table.Metadata.Refs.ContainsKey(name) ? new SnapshotSelector { Ref = name } : SnapshotSelector.Current;
            var plan = await MergeSpans.RunAsync("merge plan", () => table.PlanScanAsync(selector, predicate, cancellationToken));
            var made = new List<ContentFile>();
            try
            {
                var (added, removal) = await look(table, plan, made);
                made.AddRange(removal.Deletes);
                made.AddRange(removal.Rewritten);
                var outcome = new WriteOutcome(plan.SnapshotId, added.Sum(f => f.RecordCount), removal.Rows, added.Count, added.Sum(f => f.FileSizeInBytes));
                if (added.Count == 0 && removal.Rows == 0 && input.Summary.Count == 0)
                {
                    return outcome;
                }

                var change = Change(input, branch, plan, added, removal);
                var snapshot = await MergeSpans.RunAsync("merge commit", () => committer.CommitAsync(table, change, files, cancellationToken));
                return outcome with { SnapshotId = snapshot.SnapshotId };
            }
            catch (CommitConflictException e)
            {
                await files.RemoveAsync([.. made.Select(f => f.Path)], cancellationToken);
                if (attempt >= options.CommitRetries)
                {
                    throw new WriteContentionException(table.Identifier, attempt + 1, e);
                }

                await Task.Delay(Pause(attempt), time, cancellationToken);
            }
        }
    }

    private static SnapshotChange Change(MergeInput input, string branch, ScanPlan plan, IReadOnlyList<ContentFile> added, Removal removal) => new()
    {
        AddedFiles = [.. added, .. removal.Rewritten],
        AddedDeletes = removal.Deletes,
        RemovedPaths = removal.RemovedPaths,
        BaseSnapshotId = plan.SnapshotId,
        ValidateNoConflicts = true,
        Summary = input.Summary,
        Branch = branch,
    };

    // Losers of one commit would otherwise meet again at the next.
    private static TimeSpan Pause(int attempt)
    {
        var most = Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(attempt, 10));
        return TimeSpan.FromTicks(System.Security.Cryptography.RandomNumberGenerator.GetInt32((int)(most / 2), (int)most + 1));
    }
}
