using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using MediatR;
using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>
/// Brings batches of changes into the lake. For each table: one snapshot of raw with the changes and the position that they reach, then one of refined with
/// the same position. Raw says what it has, so a batch that comes a second time adds nothing; refined that is behind raw is caught up from it
/// (<see cref="RefinedCatchUp"/>). The source is told only after both.
/// </summary>
internal sealed class ChangeLander(
    TableFitter fitter, CaptureStore store, DeadLetterTable deadLetters, UnchangedValues unchangedValues, RefinedCatchUp catchUp, ICaptureSteps steps, IChangeFeed feed, IMediator mediator,
    TimeProvider clock, ILogger<ChangeLander> logger)
{
    /// <summary>Tables wait for the disk more than for the processor: several are committed at once.</summary>
    public Task LandAsync(string source, ChangeBatch batch, IStagingArea area, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        batch.Segments, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken },
        async (changed, token) => await LandAsync(source, changed.Key, changed.Value, batch, area, token));

    private async Task LandAsync(string source, CapturedTable table, List<ChangeSegment> segments, ChangeBatch batch, IStagingArea area, CancellationToken cancellationToken)
    {
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            // While the changes were read the table may have been set back to be loaded anew, or held.
            if (table.State is CaptureStates.Streaming or CaptureStates.Loading)
            {
                await LandAsync(table, segments, batch, area, cancellationToken);
            }
        }
        catch (ColumnTypeChangedException e)
        {
            await ReloadAsync(source, table, $"{e.Message} The table is loaded anew.", cancellationToken);
        }
        catch (Exception e) when (e is CaptureHeldException or TableSchemaHeldException or TableReadOnlyException or TableNotMergeableException)
        {
            await HoldAsync(source, table, (LakePortalException)e, cancellationToken);
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <summary>Its changes are taken no further; other tables go on.</summary>
    public Task HoldAsync(string source, CapturedTable table, LakePortalException why, CancellationToken cancellationToken) => HoldAsync(source, table, why.Message, why.Hint, cancellationToken);

    public async Task HoldAsync(string source, CapturedTable table, string reason, string? hint, CancellationToken cancellationToken)
    {
        (table.State, table.Reason) = (CaptureStates.Held, reason);
        Log.TableHeld(logger, table.Name, reason);
        _ = await store.ChangeTableAsync(table.Name, source, row => (row.State, row.Reason, row.Hint) = (CaptureStates.Held, reason, hint), cancellationToken);
        await store.AddEventAsync(source, table.Name, "hold", reason, table.RawPosition, cancellationToken);
        Announce(table);
    }

    /// <summary>Its changes are dropped from here on, and it is loaded again. Callers hold the table's gate, or nobody commits.</summary>
    public async Task ReloadAsync(string source, CapturedTable table, string why, CancellationToken cancellationToken)
    {
        (table.State, table.Reason) = (CaptureStates.Waiting, why);
        _ = await store.ChangeTableAsync(table.Name, source, row => (row.State, row.Reason, row.Hint) = (CaptureStates.Waiting, why, null), cancellationToken);
        await store.AddEventAsync(source, table.Name, "schema-change", why, table.RawPosition, cancellationToken);
        Announce(table);
    }

    private async Task LandAsync(CapturedTable table, List<ChangeSegment> segments, ChangeBatch batch, IStagingArea area, CancellationToken cancellationToken)
    {
        // A load that joined meanwhile has everything before its own position; what was read before it knew that must not go in a second time, or bring it back.
        var known = table.RawPosition;
        if (batch.End <= known)
        {
            return;
        }

        await steps.ReachedAsync(CaptureStep.BeforeRaw, table.Name, cancellationToken);
        var shape = segments[^1].Shape;
        var raw = await fitter.ForChangesAsync(table, [.. segments.Select(s => s.Shape)], cancellationToken);
        await using var connection = area.OpenConnection();
        var changes = $"{segments[0].Name}_all";

        // Rows without a key are told apart by the columns that the source has now.
        var kept = shape.Key.Count == 0 ? [] : raw.Schema.Fields.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        var isIncomplete = table.IsFollowed && segments.Any(s => s.HasUnchanged);

        // What fills values in changes the rows; otherwise the segments are read as they are.
        var kind = isIncomplete ? "TABLE" : "VIEW";
        Execute(connection, $"CREATE OR REPLACE {kind} {changes} AS {ChangeSql.Union(segments, known, kept)}");
        var columns = await ColumnsAsync(connection, changes);
        var letters = segments.SelectMany(s => s.DeadLetters).Where(l => string.CompareOrdinal(l.Position, known.Sortable) >= 0).ToList();
        if (isIncomplete)
        {
            var left = await unchangedValues.FillAsync(table, area, connection, changes, columns, shape.Key, table.Sync.Refined, letters, cancellationToken);
            var dead = left == 0 ? [] : await DeadRows.TakeAsync(connection, changes, columns, cancellationToken);
            letters.AddRange(dead);
            left -= dead.Count;
            if (left > 0)
            {
                throw new CaptureHeldException(table.Name, $"{left} changes of {table.Sync.SourceTable} leave values out that the lake does not have.", "Load the table again: bootstrap it.");
            }
        }

        var ingestedAt = clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var files = await area.WriteFilesAsync(connection, ChangeSql.Raw(changes, columns, Absent(raw, columns), ingestedAt, isSorted: !isIncomplete), table.Sync.Raw, cancellationToken);
        await steps.ReachedAsync(CaptureStep.RawWritten, table.Name, cancellationToken);
        await deadLetters.WriteAsync(table, letters, batch.End, area, cancellationToken);
        var rawOutcome = await area.CommitAppendAsync(table.Sync.Raw, files, table.Notes.ForCapture(batch.End, ingestedAt), cancellationToken);
        table.RawPosition = batch.End;
        await steps.ReachedAsync(CaptureStep.RawCommitted, table.Name, cancellationToken);
        await AnnounceAsync(table.Sync.Raw, rawOutcome.SnapshotId);

        if (table.IsFollowed)
        {
            var truncated = Truncated(connection, changes);
            await catchUp.ApplyAsync(table, changes, columns, shape.Key, truncated, batch.End, area, connection, cancellationToken);
        }

        if (segments.Any(s => s.TruncatedAt is not null) && table.Landed is { } landed)
        {
            // A truncation changes the files as a rewrite does, but is in the log.
            await fitter.SaveAsync(table, landed with { Heaps = null }, cancellationToken);
        }

        Execute(connection, $"DROP {kind} {changes}");
        foreach (var segment in segments)
        {
            Execute(connection, $"DROP TABLE {segment.Name}");
        }

        var rows = segments.Sum(s => s.Rows);
        _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, row =>
        {
            (row.LastCommitAt, row.Changes, row.DeadLetters) = (clock.GetUtcNow(), row.Changes + rows, row.DeadLetters + letters.Count);
        }, cancellationToken);
        Announce(table);
    }

    private static IReadOnlyList<string> Absent(Table raw, IReadOnlyList<string> columns) =>
        [.. raw.Schema.Fields.Where(f => !columns.Contains(f.Name) && TablePlan.LogColumns.All(c => c.Name != f.Name)).Select(f => $"NULL::{DuckDbTypes.ToDuckDb(f.Type)} AS {PgSql.Quote(f.Name)}")];

    /// <summary>The lake's columns among those of the staged changes.</summary>
    private static async Task<IReadOnlyList<string>> ColumnsAsync(DuckDBConnection connection, string changes)
    {
        var names = new List<string>();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT column_name FROM (DESCRIBE {changes})";
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        return [.. names.Except(ChangeSql.OwnColumns)];
    }

    private async Task AnnounceAsync(TableIdentifier table, long? snapshotId)
    {
        feed.Publish("tables");
        feed.Publish($"table/{table}");
        await mediator.Publish(new Kernel.Live.TableChanged(table.ToString(), snapshotId), CancellationToken.None);
    }

    private void Announce(CapturedTable table)
    {
        feed.Publish("syncs");
        feed.Publish($"sync/{table.Name}");
    }

    private static long? Truncated(DuckDBConnection connection, string changes)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT max(lp_seq) FROM {changes} WHERE lp_op = 't'";
        return command.ExecuteScalar() as long?;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
