using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture;

/// <summary>How far the tables of a source are when a session begins, and what becomes of them when a part of the log is missing.</summary>
internal sealed class TableStates(CaptureServices services, SourceDefinition source, CaptureTables tables)
{
    /// <summary>A gap that begins before everything: positions of before belong to another history.</summary>
    private static readonly string Everything = LogPosition.Zero.ToString();

    /// <summary>How far each table is: from the lake itself, and from what was noted of its state.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var table in tables.All)
        {
            // A load goes on while sessions come and go: it must not commit between the look at the lake and what is made of it.
            await table.Gate.WaitAsync(cancellationToken);
            try
            {
                await RestoreAsync(table, cancellationToken);
            }
            finally
            {
                _ = table.Gate.Release();
            }
        }
    }

    private async Task RestoreAsync(CapturedTable table, CancellationToken cancellationToken)
    {
        var row = await services.Store.FindTableAsync(table.Name, cancellationToken);
        var raw = await services.Catalog.FindAsync(table.Sync.Raw, cancellationToken);
        var refined = await services.Catalog.FindAsync(table.Sync.Refined, cancellationToken);
        (table.Shape, table.LandedShape, table.Prepared) = (null, null, null);
        table.RawPosition = table.Notes.Captured(raw) ?? LogPosition.Zero;
        table.RefinedPosition = table.Notes.Captured(refined) ?? LogPosition.Zero;
        if (refined is not null)
        {
            table.KeyInLake = [.. refined.Schema.IdentifierFieldIds.Select(id => refined.Schema.FindById(id)!.Name)];
        }

        // A load that was going on is taken up again by its run.
        (table.State, table.Reason) = (row?.State ?? CaptureStates.Waiting, row?.Reason);
        (table.Landed, table.StartsOver) = (LandedTable.Parse(row?.Relation), row?.GapFrom == Everything);
        if (table.StartsOver)
        {
            table.RawPosition = LogPosition.Zero;
        }
    }

    /// <summary>Positions that the table has belong to another history.</summary>
    public async Task StartOverAsync(CapturedTable table, CancellationToken cancellationToken)
    {
        (table.StartsOver, table.RawPosition) = (true, LogPosition.Zero);
        _ = await services.Store.ChangeTableAsync(table.Name, source.Name, r => r.GapFrom = Everything, cancellationToken);
    }

    /// <param name="next">From where on changes are there; null: from now on.</param>
    public async Task NoteGapAsync(LogPosition captured, string why, LogPosition? next, CancellationToken cancellationToken)
    {
        Log.LogLost(services.Logger, source.Name, captured.ToString(), next?.ToString() ?? "now");
        await services.Store.AddEventAsync(source.Name, null, "gap", $"Changes behind {captured} may be missing: {why}. The tables are loaded again and compared.", captured, cancellationToken);
    }

    /// <summary>Changes behind the position may be missing: every table is loaded again.</summary>
    /// <param name="isOther">Positions of before belong to another history.</param>
    public async Task ReloadAllAsync(LogPosition captured, string why, bool isOther, CancellationToken cancellationToken)
    {
        foreach (var table in tables.All)
        {
            if (table.State is CaptureStates.Streaming or CaptureStates.Loading or CaptureStates.Gap)
            {
                (table.State, table.Reason) = (CaptureStates.Waiting, $"Changes behind {captured} may be missing: {why}.");
            }

            var from = isOther ? Everything : captured.ToString();
            if (isOther)
            {
                (table.StartsOver, table.RawPosition) = (true, LogPosition.Zero);
            }

            _ = await services.Store.ChangeTableAsync(table.Name, source.Name, r => (r.State, r.Reason, r.GapFrom) = (table.State, table.Reason, isOther ? from : r.GapFrom ?? from), cancellationToken);
        }
    }
}
