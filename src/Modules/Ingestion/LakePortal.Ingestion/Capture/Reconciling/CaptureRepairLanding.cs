using DuckDB.NET.Data;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Reconciliation;
using LakePortal.Ingestion.Reconciliation.Repair;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.Reconciling;

/// <summary>
/// Repairs a table that follows its changes: the source's rows go to raw at the position at which they were read, and of each key the newest row of raw at or
/// behind that position goes to refined. So a change that was captured meanwhile wins over the repair.
/// </summary>
internal sealed class CaptureRepairLanding(CaptureRegistry registry, ITableCatalog catalog, LakeTables lakeTables) : IRepairLanding
{
    public bool Serves(SyncDefinition sync) => CaptureService.Follows(sync.Mode);

    public async Task<RepairOutcome> ApplyAsync(RepairRows repair, CancellationToken cancellationToken)
    {
        var (_, table) = registry.Find(repair.Sync.Name) ?? throw new RepairOutdatedException(repair.Sync.Name);
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            return table.IsFollowed ? await WriteAsync(repair, cancellationToken) : throw new RepairOutdatedException(repair.Sync.Name);
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    private async Task<RepairOutcome> WriteAsync(RepairRows repair, CancellationToken cancellationToken)
    {
        var sync = repair.Sync;
        var prepared = await lakeTables.PrepareAsync(sync, repair.Plan, repair.Table, repair.Key, rebuild: false, _ => { }, cancellationToken);
        var position = LogPosition.Parse(repair.Position);
        var summary = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [BatchRepairLanding.RunKey] = repair.RunId, [BatchRepairLanding.PositionKey] = repair.Position, [SnapshotNotes.Run] = repair.RunId,
        };
        var stamp = new RowStamp(repair.Position, repair.ReadAt);
        var absent = string.Concat(prepared.AbsentColumns.Select(c => $", {c}"));
        var nulls = string.Join(", ", repair.Plan.Columns.Select(c => repair.Key.Contains(c.LakeName) ? PgSql.Quote(c.LakeName) : $"NULL AS {PgSql.Quote(c.LakeName)}"));
        var files = await repair.Area.WriteFilesAsync(
            repair.Connection, $"SELECT *{absent}, {stamp.Columns("r")} FROM {repair.Rows} UNION ALL BY NAME SELECT {nulls}{absent}, {stamp.Columns("d")} FROM {repair.DeletedKeys}", sync.Raw, cancellationToken);
        var raw = await repair.Area.CommitAppendAsync(sync.Raw, files, summary, cancellationToken);

        const string Later = "repair_and_later";
        var rawTable = await catalog.LoadAsync(sync.Raw, cancellationToken);
        var field = rawTable.Schema.Find("_position") ?? throw new InvalidOperationException($"{sync.Raw} has no _position.");
        var names = ChangeSql.Names(repair.Key);
        await repair.Area.CopyTableAsync(
            repair.Connection, sync.Raw, new Predicate.Compare(field.Id, CompareOp.GreaterOrEqual, position.Sortable), $"\"_position\" >= '{position.Sortable}'", Later, cancellationToken);
        var columns = repair.Plan.Columns.Select(c => c.LakeName).Concat(Absent(rawTable.Schema.Fields.Select(f => f.Name), repair)).ToList();

        // In two steps: DuckDB's rule for the newest row of a group fails on the filters that it makes itself of a join's statistics.
        Execute(repair.Connection, $"""
            CREATE OR REPLACE TABLE {Later}_wanted AS
            SELECT * FROM {Later} AS l SEMI JOIN (SELECT {names} FROM {repair.Rows} UNION SELECT {names} FROM {repair.DeletedKeys}) AS k USING ({names})
            WHERE "_op" <> 't' AND "_position" >= coalesce((SELECT max("_position") FROM {Later} WHERE "_op" = 't'), '');
            CREATE OR REPLACE TABLE {Later}_newest AS
            SELECT {ChangeSql.Names(columns)}, "_op" = 'd' AS {ChangeSql.DeletedFlag} FROM {Later}_wanted
            QUALIFY row_number() OVER (PARTITION BY {names} ORDER BY "_position" DESC, "_ingested_at" DESC) = 1
            """);
        summary[SnapshotNotes.RawSnapshot] = raw.SnapshotId!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var refined = await repair.Area.MergeAsync(sync.Refined, $"SELECT * FROM {Later}_newest", repair.Key, ChangeSql.DeletedFlag, summary, cancellationToken);
        Execute(repair.Connection, $"DROP TABLE {Later}; DROP TABLE {Later}_wanted; DROP TABLE {Later}_newest");
        return new RepairOutcome(raw.SnapshotId, refined.SnapshotId, refined.RowsWritten, refined.RowsDeleted);
    }

    private static IEnumerable<string> Absent(IEnumerable<string> fields, RepairRows repair) =>
        fields.Where(f => repair.Plan.Columns.All(c => c.LakeName != f) && Offload.Mapping.TablePlan.LogColumns.All(c => c.Name != f));

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
