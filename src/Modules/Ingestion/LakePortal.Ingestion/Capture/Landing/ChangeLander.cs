using System.Globalization;
using System.Text.Json;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
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
    ITableCatalog catalog, LakeTables lakeTables, CaptureStore store, DeadLetterTable deadLetters, RefinedCatchUp catchUp, ICaptureSteps steps, IChangeFeed feed, IMediator mediator,
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
        catch (Exception e) when (e is CaptureHeldException or ColumnTypeChangedException or TableReadOnlyException)
        {
            await HoldAsync(source, table, (LakePortalException)e, cancellationToken);
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <summary>Its changes are taken no further; other tables go on.</summary>
    public async Task HoldAsync(string source, CapturedTable table, LakePortalException why, CancellationToken cancellationToken)
    {
        (table.State, table.Reason) = (CaptureStates.Held, why.Message);
        Log.TableHeld(logger, table.Name, why.Message);
        _ = await store.ChangeTableAsync(table.Name, source, row => (row.State, row.Reason, row.Hint) = (CaptureStates.Held, why.Message, why.Hint), cancellationToken);
        await store.AddEventAsync(source, table.Name, "hold", why.Message, table.RawPosition, cancellationToken);
        Announce(table);
    }

    private async Task LandAsync(CapturedTable table, List<ChangeSegment> segments, ChangeBatch batch, IStagingArea area, CancellationToken cancellationToken)
    {
        await steps.ReachedAsync(CaptureStep.BeforeRaw, table.Name, cancellationToken);
        var shape = segments[^1].Shape;
        var (raw, refined) = await PrepareAsync(table, shape, cancellationToken);
        await using var connection = area.OpenConnection();
        var changes = $"{segments[0].Name}_all";
        Execute(connection, $"CREATE OR REPLACE TABLE {changes} AS {ChangeSql.Union(segments)}");
        var columns = await ColumnsAsync(connection, changes);
        if (table.IsFollowed && segments.Any(s => s.HasUnchanged))
        {
            var left = await UnchangedValues.FillAsync(area, connection, changes, columns, shape.Key, table.Sync.Refined, cancellationToken);
            if (left > 0)
            {
                throw new CaptureHeldException(table.Name, $"{left} changes of {table.Sync.SourceTable} leave values out that the lake does not have.", "Load the table again: bootstrap it.");
            }
        }

        var ingestedAt = clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var files = await area.WriteFilesAsync(connection, ChangeSql.Raw(changes, columns, Absent(raw, columns), ingestedAt), table.Sync.Raw, cancellationToken);
        await steps.ReachedAsync(CaptureStep.RawWritten, table.Name, cancellationToken);
        await deadLetters.WriteAsync(table, [.. segments.SelectMany(s => s.DeadLetters)], batch.End, area, cancellationToken);
        var rawOutcome = await area.CommitAppendAsync(table.Sync.Raw, files, table.Notes.ForCapture(batch.End, ingestedAt), cancellationToken);
        table.RawPosition = batch.End;
        await steps.ReachedAsync(CaptureStep.RawCommitted, table.Name, cancellationToken);
        await AnnounceAsync(table.Sync.Raw, rawOutcome.SnapshotId);

        if (table.IsFollowed)
        {
            var truncated = segments.Max(s => s.TruncatedAt);
            await catchUp.ApplyAsync(table, changes, columns, shape.Key, truncated, batch.End, area, connection, cancellationToken);
        }

        Execute(connection, $"DROP TABLE {changes}");
        foreach (var segment in segments)
        {
            Execute(connection, $"DROP TABLE {segment.Name}");
        }

        var dead = segments.Sum(s => s.DeadLetters.Count);
        var rows = segments.Sum(s => s.Rows);
        _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, row =>
        {
            (row.LastCommitAt, row.Changes, row.DeadLetters) = (clock.GetUtcNow(), row.Changes + rows, row.DeadLetters + dead);
        }, cancellationToken);
        Announce(table);
        _ = refined;
    }

    /// <summary>The lake's tables, fit for the shape. A column that has another name has it in the lake from now on, old rows included.</summary>
    private async Task<(Table Raw, Table Refined)> PrepareAsync(CapturedTable table, TableShape shape, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(table.LandedShape, shape) && table.Prepared is { } known)
        {
            return known;
        }

        var row = await store.FindTableAsync(table.Name, cancellationToken);
        var before = row?.Relation is { } json ? JsonSerializer.Deserialize<List<LandedColumn>>(json)! : [];
        foreach (var identifier in new[] { table.Sync.Raw, table.Sync.Refined })
        {
            await RenameAsync(identifier, before, shape.Plan, cancellationToken);
        }

        var notes = new List<string>();
        var prepared = await lakeTables.PrepareAsync(table.Sync, shape.Plan, shape.Source, shape.Key, rebuild: false, notes.Add, cancellationToken);
        foreach (var note in notes)
        {
            await store.AddEventAsync(table.Sync.Source, table.Name, "schema-change", note, table.RawPosition, cancellationToken);
        }

        var landed = JsonSerializer.Serialize(shape.Plan.Columns.Select(c => new LandedColumn(c.Source.Number, c.LakeName)));
        _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, r => r.Relation = landed, cancellationToken);
        if (shape.FilledBehindTheLog.Count > 0)
        {
            table.NeedsLoad = $"{string.Join(", ", shape.FilledBehindTheLog)} came with a default, which existing rows have without being in the log";
        }

        (table.LandedShape, table.Prepared) = (shape, (prepared.Raw, prepared.Refined));
        return (prepared.Raw, prepared.Refined);
    }

    private async Task RenameAsync(TableIdentifier identifier, List<LandedColumn> before, TablePlan plan, CancellationToken cancellationToken)
    {
        if (await catalog.FindAsync(identifier, cancellationToken) is not { } table)
        {
            return;
        }

        var renamed = before
            .Select(b => (b.Name, Now: plan.Columns.FirstOrDefault(c => c.Source.Number > 0 && c.Source.Number == b.Number)?.LakeName))
            .Where(r => r.Now is not null && r.Now != r.Name && table.Schema.Find(r.Name) is not null && table.Schema.Find(r.Now) is null && plan.Columns.All(c => c.LakeName != r.Name))
            .ToList();
        if (renamed.Count > 0)
        {
            _ = await table.UpdateSchemaAsync(u => renamed.ForEach(r => u.RenameColumn(r.Name, r.Now!)), cancellationToken);
        }
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

        return names[..^7];
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

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}

/// <summary>A column as it was last landed: by its number in the source it is recognised under another name.</summary>
internal sealed record LandedColumn(short Number, string Name);
