using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Reconciliation;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.Reconciling;

/// <summary>
/// The lake as of an exact position, without stopping the changes: the newest snapshot of refined that is not beyond it, and on a branch of its own what raw
/// has from there up to the position.
/// </summary>
internal sealed class CaptureLakeBarrier(CaptureRegistry registry, ITableCatalog catalog, ILakeWriter writer) : ILakeBarrier
{
    public bool Serves(SyncDefinition sync) => CaptureService.Follows(sync.Mode);

    public async Task<LakeMoment?> ReachAsync(SyncDefinition sync, string position, TimeSpan longest, CancellationToken cancellationToken)
    {
        var at = LogPosition.Parse(position);
        await Followed.ReachAsync(registry, sync, position, longest, cancellationToken);
        var (_, table) = Followed.Find(registry, sync);
        var refined = await catalog.FindAsync(sync.Refined, cancellationToken);
        return refined?.Metadata.CurrentSnapshot is null ? null : await ReachAsync(table, refined, at, cancellationToken);
    }

    private async Task<LakeMoment> ReachAsync(CapturedTable table, Table refined, LogPosition at, CancellationToken cancellationToken)
    {
        var (snapshot, reached) = Newest(table, refined, at);
        await using var area = await writer.OpenStagingAsync(cancellationToken);
        await using var connection = area.OpenConnection();
        const string Later = "later_changes";
        var columns = await StageAsync(table, area, connection, reached, at, Later, cancellationToken);
        if (Count(connection, Later) == 0)
        {
            return new LakeMoment(snapshot.SnapshotId, at.ToString());
        }

        var key = table.KeyInLake;
        if (key.Count == 0 || Count(connection, $"(SELECT * FROM {Later} WHERE lp_op = 't')") > 0)
        {
            throw new SourceTableChangedException(table.Sync.SourceTable, "it was truncated, or has no key and was changed, between two commits of the lake");
        }

        var branch = $"{SnapshotTags.AsOf}{Guid.CreateVersion7():N}";
        _ = await refined.UpdateRefsAsync(r => r.CreateBranch(branch, snapshot.SnapshotId), cancellationToken);
        Execute(connection, $"CREATE OR REPLACE TABLE {Later}_newest AS {ChangeSql.Newest(Later, columns, key, null)}");
        var outcome = await area.MergeIntoBranchAsync(refined.Identifier, branch, $"SELECT * FROM {Later}_newest", key, ChangeSql.DeletedFlag, new Dictionary<string, string>(), cancellationToken);
        return new LakeMoment(outcome.SnapshotId!.Value, at.ToString()) { Branch = branch };
    }

    /// <summary>What others did to the table behind the captured changes is part of the lake, too.</summary>
    private static (Snapshot Snapshot, LogPosition Reached) Newest(CapturedTable table, Table refined, LogPosition at)
    {
        Snapshot? newest = null;
        foreach (var snapshot in refined.Metadata.History())
        {
            newest ??= snapshot;
            if (!snapshot.Summary.TryGetValue(table.Notes.PositionKey, out var text))
            {
                continue;
            }

            if (LogPosition.TryParse(text) is { } reached && reached <= at)
            {
                return (newest, reached);
            }

            newest = null;
        }

        throw new SourceTableChangedException(table.Sync.SourceTable, "it was loaded anew, and the lake has no snapshot at or before the position");
    }

    private async Task<IReadOnlyList<string>> StageAsync(
        CapturedTable table, IStagingArea area, DuckDBConnection connection, LogPosition from, LogPosition to, string into, CancellationToken cancellationToken)
    {
        var raw = await catalog.LoadAsync(table.Sync.Raw, cancellationToken);
        var position = raw.Schema.Find("_position") ?? throw new InvalidOperationException($"{raw.Identifier} has no _position.");
        var range = new Predicate.And(
            new Predicate.Compare(position.Id, CompareOp.GreaterOrEqual, from.Sortable), new Predicate.Compare(position.Id, CompareOp.Less, to.Sortable));
        await area.CopyTableAsync(connection, raw.Identifier, range,
            string.Create(CultureInfo.InvariantCulture, $"\"_position\" >= '{from.Sortable}' AND \"_position\" < '{to.Sortable}' AND \"_load_type\" = 'CDC'"), $"{into}_rows", cancellationToken);
        var columns = raw.Schema.Fields.Select(f => f.Name).Where(n => TablePlan.LogColumns.All(c => c.Name != n)).ToList();
        Execute(connection, $"CREATE OR REPLACE TABLE {into} AS SELECT {ChangeSql.Names(columns)}, \"_op\" AS lp_op, row_number() OVER (ORDER BY \"_position\") AS lp_seq FROM {into}_rows; DROP TABLE {into}_rows");
        return columns;
    }

    private static long Count(DuckDBConnection connection, string relation)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {relation}";
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
