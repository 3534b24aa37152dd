using System.Globalization;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Runs;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Writing the source's rows over what differs, and looking whether it helped.</summary>
internal sealed partial class ReconciliationRun
{
    private const string Rows = "repair_rows";
    private const string Gone = "repair_gone";

    private bool CanRepair(ComparedTable table, Findings found)
    {
        var why = !table.HasKey ? "there is no key by which single rows could be replaced" : table.HasLostColumns ? "a column's type in the lake cannot hold the source's values" : null;
        if (why is not null)
        {
            found.Notes.Add($"Not repaired: {why}. {(table.HasKey ? $"./lake sync {request.Sync.Name} --mode rebuild gives it a new type." : $"./lake sync {request.Sync.Name} --mode full loads all rows anew.")}");
        }

        return why is null;
    }

    /// <returns>Numbers of differences that remain.</returns>
    private async Task<IReadOnlySet<int>> RepairAsync(OpenMoment moment, DifferenceCounts counts, Findings found, CancellationToken cancellationToken)
    {
        var comparison = moment.Comparison;
        var table = comparison.Table;
        await comparison.StageRepairAsync(Rows, Gone, cancellationToken);
        var landing = services.Landings.Last(l => l.Serves(request.Sync));
        var outcome = await landing.ApplyAsync(
            new RepairRows(request.Sync, request.RunId, moment.Area, comparison.Connection, table.LakePlan, table.Source, [.. table.Key.Select(k => k.Name)], Rows, Gone,
                moment.Snapshot.Position, moment.ReadAt, moment.Lake), cancellationToken);
        var repaired = await RepairedAsync(outcome);
        progress.Begin("checking again", counts.Keys, false);
        var remaining = await CheckAgainAsync(moment, repaired, cancellationToken);
        Count(found, counts, repaired, remaining);
        return remaining;
    }

    private async Task<long> RepairedAsync(RepairOutcome outcome)
    {
        progress.Note(string.Create(CultureInfo.InvariantCulture, $"{request.Sync.Refined}: {outcome.RowsWritten} rows written, {outcome.RowsDeleted} replaced or removed; raw snapshot {outcome.RawSnapshotId}, refined snapshot {outcome.RefinedSnapshotId}."));
        if (outcome.RefinedSnapshotId is not { } repaired)
        {
            throw new InvalidOperationException("A repair of differing rows was not committed.");
        }

        await services.Offload.AnnounceAsync(request.Sync.Raw, outcome.RawSnapshotId);
        await services.Offload.AnnounceAsync(request.Sync.Refined, repaired);
        return repaired;
    }

    private void Count(Findings found, DifferenceCounts counts, long repaired, IReadOnlySet<int> remaining)
    {
        found.RepairSnapshotId = repaired;
        found.Repaired += counts.Keys - remaining.Count;
        if (remaining.Count > 0)
        {
            progress.Note($"{remaining.Count} keys still differ after the repair.", RunLogLevel.Warning);
        }
    }

    private async Task<IReadOnlySet<int>> CheckAgainAsync(OpenMoment moment, long repaired, CancellationToken cancellationToken)
    {
        var comparison = moment.Comparison;
        var barrier = services.Barriers.Last(b => b.Serves(request.Sync));
        if (barrier is BatchLakeBarrier)
        {
            // Such a lake stays where it is: it now has to hold the rows of the very snapshot that the repair was read in.
            await comparison.BindAgainAsync(await ComparedAsync(moment.SourceTable, repaired, cancellationToken), request.Sync.Refined, repaired, cancellationToken);
            return await comparison.RemainingAsync(TableComparison.SourceRows, cancellationToken);
        }

        // A lake that moves on by itself is checked at a new moment of both.
        await using var snapshot = await SourceSnapshot.TakeAsync(services.Offload.Connector, request.Source, services.Options.LongestWait, cancellationToken);
        var table = await DescribeAsync(snapshot, cancellationToken);
        if (!snapshot.IsExact || table.Oid != moment.SourceTable.Oid)
        {
            throw new SourceTableChangedException(table.Display, "it could not be looked at again at an exact position");
        }

        var lake = await barrier.ReachAsync(request.Sync, snapshot.Position, services.Options.LongestWait, cancellationToken)
            ?? throw new NothingToReconcileException(request.Sync.Name, request.Sync.Refined.ToString());
        if (lake.Branch is { } branch)
        {
            _tags.Add(branch);
        }

        _tags.Add(await services.Tags.AddAsync(request.Sync.Refined, request.RunId, _tags.Count, lake.SnapshotId, cancellationToken));
        await comparison.FetchSourceAsync(snapshot, "source_again", cancellationToken);
        await comparison.BindAgainAsync(await ComparedAsync(moment.SourceTable, lake.SnapshotId, cancellationToken), request.Sync.Refined, lake.SnapshotId, cancellationToken);
        return await comparison.RemainingAsync("source_again", cancellationToken);
    }

    private async Task<ComparedTable> ComparedAsync(PgTable source, long snapshotId, CancellationToken cancellationToken)
    {
        var refined = await services.Offload.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        return Compared(source, (await refined.PlanScanAsync(new SnapshotSelector { SnapshotId = snapshotId }, null, cancellationToken)).Schema);
    }
}
