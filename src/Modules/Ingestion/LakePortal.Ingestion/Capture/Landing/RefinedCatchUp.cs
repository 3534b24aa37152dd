using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using MediatR;

namespace LakePortal.Ingestion.Capture.Landing;

/// <param name="From">Position of the earliest of a load's chunks.</param>
/// <param name="To">The position at which the load's rows, newest first, are the source's.</param>
internal readonly record struct LoadSpan(LogPosition From, LogPosition To);

/// <summary>Brings refined to a position: from staged changes as they come, or from raw after a crash or a load. Callers hold the table's gate.</summary>
internal sealed class RefinedCatchUp(ITableCatalog catalog, ILakeWriter writer, UnchangedValues unchangedValues, DeadRows deadRows, ICaptureSteps steps, IChangeFeed feed, IMediator mediator)
{
    /// <summary>Applies staged changes that begin where refined stands.</summary>
    public async Task ApplyAsync(
        CapturedTable table, string changes, IReadOnlyList<string> columns, IReadOnlyList<string> key, long? truncatedAt, LogPosition end, IStagingArea area, DuckDBConnection connection, CancellationToken cancellationToken)
    {
        var summary = table.Notes.ForCapture(end, null);
        long? snapshot;
        var absent = key.Count == 0 || truncatedAt is not null ? Absent(await catalog.LoadAsync(table.Sync.Refined, cancellationToken), columns) : "";
        if (key.Count == 0)
        {
            await steps.ReachedAsync(CaptureStep.RefinedPrepared, table.Name, cancellationToken);
            snapshot = await KeylessRows.ApplyAsync(area, connection, table.Sync.Refined, changes, columns, absent, truncatedAt, summary, cancellationToken);
        }
        else
        {
            var newest = $"{changes}_newest";
            Execute(connection, $"CREATE OR REPLACE TABLE {newest} AS {ChangeSql.Newest(changes, columns, key, truncatedAt)}");
            await steps.ReachedAsync(CaptureStep.RefinedPrepared, table.Name, cancellationToken);
            if (truncatedAt is null)
            {
                snapshot = (await area.MergeAsync(table.Sync.Refined, $"SELECT * FROM {newest}", key, ChangeSql.DeletedFlag, summary, cancellationToken)).SnapshotId;
            }
            else
            {
                var files = await area.WriteFilesAsync(connection, $"SELECT * EXCLUDE ({ChangeSql.DeletedFlag}){absent} FROM {newest} WHERE NOT {ChangeSql.DeletedFlag}", table.Sync.Refined, cancellationToken);
                snapshot = (await area.CommitReplaceAsync(table.Sync.Refined, files, summary, cancellationToken)).SnapshotId;
            }

            Execute(connection, $"DROP TABLE {newest}");
        }

        table.RefinedPosition = end;
        await steps.ReachedAsync(CaptureStep.RefinedCommitted, table.Name, cancellationToken);
        feed.Publish("tables");
        feed.Publish($"table/{table.Sync.Refined}");
        await mediator.Publish(new TableChanged(table.Sync.Refined.ToString(), snapshot), CancellationToken.None);
    }

    /// <summary>After a crash between the two commits: what raw has behind refined's position is applied.</summary>
    public async Task FromRawAsync(CapturedTable table, IReadOnlyList<string> key, IStagingArea area, CancellationToken cancellationToken)
    {
        if (table.RefinedPosition >= table.RawPosition)
        {
            return;
        }

        var raw = await catalog.LoadAsync(table.Sync.Raw, cancellationToken);
        var columns = LakeColumns(raw, table, key);
        await using var connection = area.OpenConnection();
        const string Changes = "catch_up";
        await StageAsync(raw, columns, table.RefinedPosition, area, connection, Changes, cancellationToken);
        var incomplete = await unchangedValues.FillAsync(table, area, connection, Changes, columns, key, key.Count > 0 ? table.Sync.Refined : null, [], cancellationToken);
        if (incomplete > 0)
        {
            throw new CaptureHeldException(table.Name, $"{incomplete} changes of {table.Sync.SourceTable} leave values out that the lake does not have.", "Load the table again: bootstrap it.");
        }

        var truncated = Scalar(connection, $"SELECT max(lp_seq) FROM {Changes} WHERE lp_op = 't'") as long?;
        await ApplyAsync(table, Changes, columns, key, truncated, table.RawPosition, area, connection, cancellationToken);
        Execute(connection, $"DROP TABLE IF EXISTS {Changes}");
    }

    /// <summary>
    /// After a load: refined becomes what the load read, brought to raw's position by the changes that were captured meanwhile. Everything in raw at or behind
    /// the load's position counts, newest first.
    /// </summary>
    /// <param name="raw">As of the snapshot that reaches <paramref name="reached"/>.</param>
    /// <param name="load">Where the load stands.</param>
    /// <returns>The position that refined stands for.</returns>
    public async Task<LogPosition> ReplaceAsync(CapturedTable table, Table raw, IReadOnlyList<string> key, LoadSpan load, LogPosition reached, IStagingArea area, CancellationToken cancellationToken)
    {
        // Rows that changed their key, and left values out, are followed back by what applies changes, on top of the load's rows alone. So are rows with dead letters.
        var from = load.From;
        var isLoadAlone = key.Count > 0 && (await HasMovedAsync(raw, from, area, cancellationToken) || await deadRows.HasSinceAsync(table, from, area, cancellationToken));
        var to = isLoadAlone ? load.To : reached;
        var columns = LakeColumns(raw, table, key);
        var names = ChangeSql.Names(columns);
        var rows = $"(SELECT * FROM {RefinedWriter.Name(raw.Identifier)} WHERE \"_position\" >= '{from.Sortable}'{(isLoadAlone ? " AND \"_load_type\" = 'BATCH'" : "")})";
        var alive = $"(SELECT r.* FROM {rows} AS r WHERE r.\"_position\" > coalesce((SELECT max(t.\"_position\") FROM {rows} AS t WHERE t.\"_op\" = 't'), ''))";
        var resolved = ResolvedRows(alive, columns, key);
        var sql = key.Count == 0
            ? $"SELECT *{Absent(await catalog.LoadAsync(table.Sync.Refined, cancellationToken), columns)} FROM ({KeylessRows.Sum(alive, columns)}) AS s"
            : $"SELECT {names} FROM (SELECT *, row_number() OVER (PARTITION BY {ChangeSql.Names(key)} ORDER BY \"_position\" DESC) AS lakeportal_rank FROM {resolved} AS n) AS q WHERE lakeportal_rank = 1 AND \"_op\" <> 'd'";

        var request = new LakeQueryRequest(sql, Caller.System)
        {
            At = new Dictionary<TableIdentifier, SnapshotSelector> { [raw.Identifier] = new() { SnapshotId = raw.Metadata.CurrentSnapshotId!.Value } },
        };
        var outcome = await writer.WriteQueryAsync(new WriteQuery(request, table.Sync.Refined, WriteMode.Replace) { Summary = table.Notes.ForCapture(to, null) }, cancellationToken);
        table.RefinedPosition = to;
        feed.Publish("tables");
        feed.Publish($"table/{table.Sync.Refined}");
        await mediator.Publish(new TableChanged(table.Sync.Refined.ToString(), outcome.SnapshotId), CancellationToken.None);
        return to;
    }

    private static async Task<bool> HasMovedAsync(Table raw, LogPosition from, IStagingArea area, CancellationToken cancellationToken)
    {
        await using var connection = area.OpenConnection();
        var position = raw.Schema.Find("_position")!;
        await area.CopyTableAsync(connection, raw.Identifier, new Predicate.Compare(position.Id, CompareOp.GreaterOrEqual, from.Sortable), $"\"_position\" >= '{from.Sortable}' AND \"_op\" = 'c' AND \"_unchanged\" IS NOT NULL", "moved_rows", cancellationToken);
        var moved = Scalar(connection, "SELECT count(*) FROM moved_rows") is > 0L;
        Execute(connection, "DROP TABLE moved_rows");
        return moved;
    }

    /// <summary>Raw's rows with the values that the source left out taken from the row before.</summary>
    private static string ResolvedRows(string rows, IReadOnlyList<string> columns, IReadOnlyList<string> key)
    {
        var others = columns.Except(key).ToList();
        var lacks = others.ToDictionary(c => c, c => $"coalesce(list_contains(\"_unchanged\", {PgSql.Literal(c)}), false)");
        var known = string.Join(", ", others.Select((c, i) => $"last_value(CASE WHEN NOT {lacks[c]} AND \"_op\" <> 'd' THEN {{'v': {PgSql.Quote(c)}}} END IGNORE NULLS) OVER w AS lakeportal_k{i}"));
        var chosen = string.Join(", ", others.Select((c, i) => $"CASE WHEN {lacks[c]} THEN lakeportal_k{i}.v ELSE {PgSql.Quote(c)} END AS {PgSql.Quote(c)}"));
        return others.Count == 0
            ? rows
            : $"""
              (SELECT {ChangeSql.Names(key)}, {chosen}, "_op", "_position" FROM (SELECT *, {known} FROM {rows} AS a
               WINDOW w AS (PARTITION BY {ChangeSql.Names(key)} ORDER BY "_position" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS b)
              """;
    }

    private static async Task StageAsync(Table raw, IReadOnlyList<string> columns, LogPosition from, IStagingArea area, DuckDBConnection connection, string into, CancellationToken cancellationToken)
    {
        var position = raw.Schema.Find("_position") ?? throw new InvalidOperationException($"{raw.Identifier} has no _position.");
        await area.CopyTableAsync(connection, raw.Identifier, new Predicate.Compare(position.Id, CompareOp.GreaterOrEqual, from.Sortable), $"\"_position\" >= '{from.Sortable}'", $"{into}_rows", cancellationToken);
        Execute(connection, $"""
            CREATE OR REPLACE TABLE {into} AS
            SELECT {ChangeSql.Names(columns)}, "_op" AS lp_op, row_number() OVER (ORDER BY "_position") - 1 AS lp_seq, "_txid" AS lp_xid, "_committed_at" AS lp_committed, "_position" AS lp_pos,
              CASE WHEN "_op" = 'c' AND "_unchanged" IS NOT NULL THEN row_number() OVER (ORDER BY "_position") - 2 END AS lp_moved, "_unchanged" AS lp_unchanged
            FROM {into}_rows WHERE "_load_type" = 'CDC'; DROP TABLE {into}_rows
            """);
    }

    /// <summary>What the lake has of columns that the source has dropped: nothing, as more columns of a SELECT.</summary>
    private static string Absent(Table table, IReadOnlyList<string> columns) =>
        string.Concat(table.Schema.Fields.Where(f => !columns.Contains(f.Name)).Select(f => $", NULL::{DuckDbTypes.ToDuckDb(f.Type)} AS {PgSql.Quote(f.Name)}"));

    /// <summary>Rows without a key are told apart by the columns that the source has: what one had in a column that was dropped since is in no change any more.</summary>
    private static IReadOnlyList<string> LakeColumns(Table raw, CapturedTable table, IReadOnlyList<string> key) =>
        key.Count > 0 || table.Landed is not { Columns.Count: > 0 } landed ? LakeColumns(raw) : [.. LakeColumns(raw).Where(c => landed.Columns.Any(l => l.Name == c))];

    private static IReadOnlyList<string> LakeColumns(Table raw) => [.. raw.Schema.Fields.Select(f => f.Name).Where(n => TablePlan.LogColumns.All(c => c.Name != n))];

    private static object? Scalar(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
