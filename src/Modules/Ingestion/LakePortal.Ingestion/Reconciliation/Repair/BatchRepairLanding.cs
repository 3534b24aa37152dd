using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Reconciliation.Repair;

/// <summary>
/// For syncs without capture: the rows are appended to raw and merged into refined. Such a sync has no versions by which its rows could be ordered against
/// a newer load, so a repair holds only while the load that was compared is the newest one.
/// </summary>
internal sealed class BatchRepairLanding(ITableCatalog catalog, LakeTables tables, SyncTurns turns) : IRepairLanding
{
    /// <summary>Names the reconciliation's run in the summaries of both snapshots. The load's own notes stay those of the snapshot before.</summary>
    public const string RunKey = "lakeportal.repair";
    public const string PositionKey = "lakeportal.repair-position";

    public bool Serves(SyncDefinition sync) => sync.Mode is "batch" or "snapshot";

    public async Task<RepairOutcome> ApplyAsync(RepairRows repair, CancellationToken cancellationToken)
    {
        var sync = repair.Sync;
        using var turn = await turns.EnterAsync(sync.Name, cancellationToken);
        await CheckAsync(repair, cancellationToken);
        var prepared = await tables.PrepareAsync(sync, repair.Plan, repair.Table, repair.Key, rebuild: false, _ => { }, cancellationToken);
        var summary = new Dictionary<string, string>(StringComparer.Ordinal) { [RunKey] = repair.RunId, [PositionKey] = repair.Position, [SnapshotNotes.Run] = repair.RunId };

        var stamp = new RowStamp(repair.Position, repair.ReadAt);
        var absent = prepared.AbsentColumns.Select(c => $", {c}");
        var nulls = repair.Plan.Columns.Select(c => repair.Key.Contains(c.LakeName) ? PgSql.Quote(c.LakeName) : $"NULL AS {PgSql.Quote(c.LakeName)}");
        var rows = $"SELECT *{string.Concat(absent)}, {stamp.Columns("r")} FROM {repair.Rows}";
        var gone = $"SELECT {string.Join(", ", nulls)}{string.Concat(absent)}, {stamp.Columns("d")} FROM {repair.DeletedKeys}";
        var files = await repair.Area.WriteFilesAsync(repair.Connection, $"{rows} UNION ALL BY NAME {gone}", sync.Raw, cancellationToken);
        var raw = await repair.Area.CommitAppendAsync(sync.Raw, files, summary, cancellationToken);

        // Refined may have kept columns that raw's rows no longer fill; both get the same nulls.
        summary[SnapshotNotes.RawSnapshot] = raw.SnapshotId!.Value.ToString(CultureInfo.InvariantCulture);
        var merge = $"SELECT *{string.Concat(absent)}, false AS {DeletedFlag} FROM {repair.Rows} UNION ALL BY NAME SELECT {string.Join(", ", nulls)}{string.Concat(absent)}, true AS {DeletedFlag} FROM {repair.DeletedKeys}";
        var refined = await repair.Area.MergeAsync(sync.Refined, merge, repair.Key, DeletedFlag, summary, cancellationToken);
        return new RepairOutcome(raw.SnapshotId, refined.SnapshotId, refined.RowsWritten, refined.RowsDeleted);
    }

    private const string DeletedFlag = "_lakeportal_deleted";

    private async Task CheckAsync(RepairRows repair, CancellationToken cancellationToken)
    {
        var notes = new SnapshotNotes(repair.Sync.Name);
        var table = await catalog.LoadAsync(repair.Sync.Refined, cancellationToken);
        if (notes.Newest(table)?.SnapshotId != Newest(table, repair.Compared.SnapshotId, notes)?.SnapshotId)
        {
            throw new RepairOutdatedException(repair.Sync.Name);
        }
    }

    /// <summary>The newest load at or before a snapshot.</summary>
    private static Snapshot? Newest(Table table, long snapshotId, SnapshotNotes notes) =>
        table.Metadata.History().SkipWhile(s => s.SnapshotId != snapshotId).FirstOrDefault(s => s.Summary.ContainsKey(notes.PositionKey));
}
