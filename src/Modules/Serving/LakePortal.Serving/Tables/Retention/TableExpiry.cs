using System.Collections.Concurrent;
using System.Text.Json;
using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Serving.Tables.Retention;

/// <summary>
/// Expires snapshots in two steps. First they leave the metadata, and what they alone referred to is noted beside it; no statement that begins from then on can see them. Files
/// are deleted by a later run: when the grace is over, every statement that began before has ended, and no snapshot, branch or tag refers to them.
/// </summary>
internal sealed class TableExpiry(ITableCatalog catalog, IFileIO files, IRunningQueries queries, RetentionOptions options, TimeProvider clock)
{
    /// <summary>How the notes beside the metadata are called.</summary>
    public const string Notes = "expired-";

    private readonly ConcurrentDictionary<TableIdentifier, SemaphoreSlim> _turns = new();

    /// <param name="Pending">The snapshots that are about to leave the metadata; null: they have left it at <paramref name="At"/>.</param>
    private sealed record ExpiredFiles(DateTimeOffset At, IReadOnlyList<string> Files, IReadOnlyList<long>? Pending = null);

    /// <exception cref="TableReadOnlyException">The table was adopted: its history is its owner's.</exception>
    public async Task<TableExpiryResult> RunAsync(TableIdentifier identifier, bool dryRun, CancellationToken cancellationToken)
    {
        var turn = _turns.GetOrAdd(identifier, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await RunInTurnAsync(identifier, dryRun, cancellationToken);
        }
        finally
        {
            _ = turn.Release();
        }
    }

    private async Task<TableExpiryResult> RunInTurnAsync(TableIdentifier identifier, bool dryRun, CancellationToken cancellationToken)
    {
        var table = await catalog.LoadAsync(identifier, cancellationToken);
        if (table.IsReadOnly)
        {
            throw new TableReadOnlyException(identifier);
        }

        var now = clock.GetUtcNow();
        var days = identifier.Namespace == "refined" ? RetentionRules.Days(table.Metadata, options, now) : [];
        if (dryRun)
        {
            var would = RetentionRules.Plan(table.Metadata, options, now);
            var tagged = days.Select(d => d.SnapshotId).ToHashSet();
            return new TableExpiryResult(table.Metadata.Snapshots.Count, would.Snapshots.Count(s => !tagged.Contains(s)), days.Count, would.Refs.Count, 0, 0, 0, null, DryRun: true);
        }

        if (days.Count > 0)
        {
            table = await table.UpdateRefsAsync(r =>
            {
                foreach (var (tag, snapshot) in days)
                {
                    _ = r.CreateTag(tag, snapshot, options.KeepDaily);
                }
            }, cancellationToken);
        }

        var before = table.Metadata.Snapshots.Select(s => s.SnapshotId).ToHashSet();
        var plan = RetentionRules.Plan(table.Metadata, options, now);
        if (plan.Snapshots.Count > 0 || plan.Refs.Count > 0)
        {
            table = await ExpireAsync(table, plan, now, cancellationToken);
        }

        var expired = before.Count(id => table.Metadata.FindSnapshot(id) is null);
        var done = await DeleteAsync(table, cancellationToken);
        return new TableExpiryResult(before.Count, expired, days.Count, plan.Refs.Count, done.Deleted, done.Waiting, done.Failed, done.Failure, DryRun: false);
    }

    private async Task<Table> ExpireAsync(Table table, ExpiryPlan plan, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Noted before it is done: one that nobody noted would stay until orphans are looked for. Whether a file is still used is looked at again before it goes.
        var kept = (await table.ListFilesOfAsync([.. table.Metadata.Snapshots.Select(s => s.SnapshotId).Where(id => !plan.Snapshots.Contains(id))], cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var unused = (await table.ListFilesOfAsync(plan.Snapshots, cancellationToken)).Where(f => !kept.Contains(f)).ToList();
        var pending = unused.Count == 0 ? null : await NoteAsync(table, new ExpiredFiles(clock.GetUtcNow(), unused, [.. plan.Snapshots]), cancellationToken);
        var next = await table.RemoveSnapshotsAsync(m =>
        {
            // A commit that was faster may have made a branch or a tag of one of them.
            var still = RetentionRules.Plan(m, options, now);
            return (still.Snapshots.Intersect(plan.Snapshots).ToHashSet(), still.Refs.Intersect(plan.Refs).ToHashSet(StringComparer.Ordinal));
        }, cancellationToken);
        if (pending is not null)
        {
            await ConfirmAsync(next, pending, unused, cancellationToken);
        }

        return next;
    }

    /// <summary>From now on no statement can begin that sees them: their time counts from here.</summary>
    private async Task ConfirmAsync(Table table, string pending, IReadOnlyList<string> unused, CancellationToken cancellationToken)
    {
        _ = await NoteAsync(table, new ExpiredFiles(clock.GetUtcNow(), unused), cancellationToken);
        _ = await files.DeleteAsync(pending, cancellationToken);
    }

    private async Task<string> NoteAsync(Table table, ExpiredFiles note, CancellationToken cancellationToken)
    {
        var location = $"{table.Metadata.Location.TrimEnd('/')}/metadata/{Notes}{Guid.CreateVersion7():N}.json";
        await files.CreateAsync(location, JsonSerializer.SerializeToUtf8Bytes(note), cancellationToken);
        return location;
    }

    private async Task<(int Deleted, int Waiting, int Failed, string? Failure)> DeleteAsync(Table table, CancellationToken cancellationToken)
    {
        var (deleted, waiting, failed, failure) = (0, 0, 0, (string?)null);
        List<(string Location, ExpiredFiles Note)> due = [];
        await foreach (var file in files.ListAsync($"{table.Metadata.Location.TrimEnd('/')}/metadata/", cancellationToken))
        {
            if (!Path.GetFileName(file.Location).StartsWith(Notes, StringComparison.Ordinal))
            {
                continue;
            }

            var note = JsonSerializer.Deserialize<ExpiredFiles>((await files.ReadAsync(file.Location, cancellationToken)).Span)!;
            if (note.Pending is { } pending)
            {
                // A process ended between note and commit, or behind the commit.
                if (pending.Any(id => table.Metadata.FindSnapshot(id) is null))
                {
                    await ConfirmAsync(table, file.Location, note.Files, cancellationToken);
                    waiting += note.Files.Count;
                }
                else
                {
                    _ = await files.DeleteAsync(file.Location, cancellationToken);
                }
            }
            else if (clock.GetUtcNow() - note.At < options.Grace || queries.List().Any(q => q.StartedAt <= note.At))
            {
                waiting += note.Files.Count;
            }
            else
            {
                due.Add((file.Location, note));
            }
        }

        if (due.Count == 0)
        {
            return (deleted, waiting, failed, failure);
        }

        table = await table.RefreshAsync(cancellationToken);
        var used = (await table.ListFilesOfAsync([.. table.Metadata.Snapshots.Select(s => s.SnapshotId)], cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var (location, note) in due)
        {
            var failedBefore = failed;
            foreach (var unused in note.Files.Where(f => !used.Contains(f)))
            {
                try
                {
                    deleted += await files.DeleteAsync(unused, cancellationToken) ? 1 : 0;
                }
                catch (LakeFileException e)
                {
                    (failed, failure) = (failed + 1, failure ?? e.Message);
                }
            }

            if (failed == failedBefore)
            {
                _ = await files.DeleteAsync(location, cancellationToken);
            }
        }

        return (deleted, waiting, failed, failure);
    }
}
