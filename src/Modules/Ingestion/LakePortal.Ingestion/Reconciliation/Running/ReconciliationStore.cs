using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Errors;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Reconciliations in the control database.</summary>
internal sealed class ReconciliationStore(IDbContextFactory<IngestionDbContext> databases, TimeProvider clock)
{
    public async Task BeginAsync(ReconciliationRow row, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        database.Add(row);
        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<ReconciliationRow> GetAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Reconciliations.AsNoTracking().SingleOrDefaultAsync(r => r.RunId == runId, cancellationToken)
            ?? throw new ObjectNotFoundException("reconciliation", runId, "GET /api/v1/reconciliations lists them.");
    }

    /// <summary>Newest first: run ids are ordered by time.</summary>
    public async Task<IReadOnlyList<ReconciliationRow>> ListAsync(string? sync, int limit, string? before, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = database.Reconciliations.AsNoTracking().Where(r => sync == null || r.Sync == sync);
        if (before is not null)
        {
#pragma warning disable CA1309 // Becomes SQL's '<'; ids are hex digits of one length, which every collation orders alike.
            rows = rows.Where(r => string.Compare(r.RunId, before) < 0);
#pragma warning restore CA1309
        }

        return await rows.OrderByDescending(r => r.RunId).Take(limit).ToListAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ReconciliationRow>> UnfinishedAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Reconciliations.AsNoTracking().Where(r => !r.Finished).ToListAsync(cancellationToken);
    }

    public async Task ChangeAsync(string runId, Action<ReconciliationRow> change, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        change(await database.Reconciliations.SingleAsync(r => r.RunId == runId, cancellationToken));
        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Puts the ranges and differences in place of those of an earlier attempt of the run.</summary>
    public async Task SaveAsync(string runId, IReadOnlyList<ComparedRange> ranges, IReadOnlyList<ShownDifference> differences, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.ReconciliationRanges.Where(r => r.RunId == runId).ExecuteDeleteAsync(cancellationToken);
        await database.ReconciliationDifferences.Where(r => r.RunId == runId).ExecuteDeleteAsync(cancellationToken);
        database.ReconciliationRanges.AddRange(ranges.Select((r, i) => new ReconciliationRangeRow
        {
            RunId = runId, Number = i + 1, Low = r.Sums.Interval.Low, High = r.Sums.Interval.High, RowsSource = r.Sums.RowsSource, RowsLake = r.Sums.RowsLake,
            HashSource = r.Sums.HashSource, HashLake = r.Sums.HashLake, Verdict = r.Sums.IsEqual ? "equal" : "different", Position = r.Position,
        }));
        database.ReconciliationDifferences.AddRange(differences.Select((d, i) => new ReconciliationDifferenceRow
        {
            RunId = runId, Number = i + 1, Key = d.Row.Key.ToJsonString(), Kind = d.Row.Kind, Columns = JsonSerializer.Serialize(d.Row.Columns),
            Source = d.Row.Source?.ToJsonString(), Lake = d.Row.Lake?.ToJsonString(), Repaired = d.IsRepaired,
        }));
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Removes all but the newest reconciliations of a sync.</summary>
    public async Task PruneAsync(string sync, int keep, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var old = await database.Reconciliations.Where(r => r.Sync == sync && r.Finished).OrderByDescending(r => r.RunId).Skip(keep).Select(r => r.RunId).ToListAsync(cancellationToken);
        foreach (var runId in old)
        {
            await database.ReconciliationRanges.Where(r => r.RunId == runId).ExecuteDeleteAsync(cancellationToken);
            await database.ReconciliationDifferences.Where(r => r.RunId == runId).ExecuteDeleteAsync(cancellationToken);
            await database.Reconciliations.Where(r => r.RunId == runId).ExecuteDeleteAsync(cancellationToken);
        }
    }

    /// <summary>Forgets a sync that is no more.</summary>
    public async Task ForgetAsync(string sync, CancellationToken cancellationToken)
    {
        await PruneAsync(sync, 0, cancellationToken);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Verified.Where(v => v.Sync == sync).ExecuteDeleteAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ReconciliationRangeRow>> RangesAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.ReconciliationRanges.AsNoTracking().Where(r => r.RunId == runId).OrderBy(r => r.Number).ToListAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ReconciliationDifferenceRow>> DifferencesAsync(string runId, int after, int limit, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.ReconciliationDifferences.AsNoTracking().Where(r => r.RunId == runId && r.Number > after).OrderBy(r => r.Number).Take(limit).ToListAsync(cancellationToken);
    }

    public async Task VerifyAsync(string sync, string position, long lakeSnapshotId, string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Verified.Where(v => v.Sync == sync).ExecuteDeleteAsync(cancellationToken);
        database.Add(new VerifiedRow { Sync = sync, Position = position, LakeSnapshotId = lakeSnapshotId, RunId = runId, At = clock.GetUtcNow() });
        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<VerifiedRow?> VerifiedAsync(string sync, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Verified.AsNoTracking().SingleOrDefaultAsync(v => v.Sync == sync, cancellationToken);
    }

    public static JsonObject? Object(string? json) => json is null ? null : JsonNode.Parse(json)!.AsObject();
}

/// <summary>A range's sums with the position that they are of.</summary>
internal sealed record ComparedRange(RangeSums Sums, string Position);

internal sealed record ShownDifference(RowDifference Row, bool IsRepaired);
