using System.Collections.Concurrent;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture;

/// <summary>
/// The load of a captured table, and how it joins the changes. From before its snapshot is taken the changes are kept in raw; the load's rows are added to raw
/// at the snapshot's position; then refined is computed from both, newest first, and from there on follows the changes. Nothing else of the source waits.
/// </summary>
internal sealed class TableLoad(CaptureRegistry registry, CaptureStore store, RefinedCatchUp catchUp, ITableCatalog catalog, ILakeWriter writer, ICaptureSteps steps)
{
    /// <summary>The capture of the sync's table, which must be going on.</summary>
    /// <param name="sync">Name of the sync.</param>
    /// <param name="now">The source's position: the load's own will not be before it.</param>
    /// <param name="cancellationToken">Stops waiting for the table.</param>
    /// <returns>The table, and whether what an earlier load has read is of no use, because changes between it and now were not kept.</returns>
    /// <exception cref="CaptureHeldException">It is not captured.</exception>
    public async Task<(CapturedTable Table, bool IsFresh)> BeginAsync(string sync, LogPosition now, CancellationToken cancellationToken)
    {
        var (tables, table) = registry.Find(sync)
            ?? throw new CaptureHeldException(sync, $"The changes of '{sync}' are not captured, so a load has nothing to join.", "Set mode: cdc or bootstrap+cdc, and see that the source's capture runs.");
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            var isFresh = table.State is not (CaptureStates.Streaming or CaptureStates.Loading);
            if (table.StartsOver)
            {
                await EmptyRawAsync(table, cancellationToken);
            }

            (table.LoadFrom, table.IsFreshLoad) = (isFresh ? now : table.LoadFrom, isFresh);
            table.State = CaptureStates.Loading;
            _ = await store.ChangeTableAsync(sync, tables.Source, r => (r.State, r.Reason, r.Hint, r.GapFrom) = (CaptureStates.Loading, null, null, table.StartsOver ? null : r.GapFrom), cancellationToken);
            table.StartsOver = false;
            return (table, isFresh);
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <summary>The table that a load has found is not the one whose changes are sent: one of its name was dropped, or taken out of the publication.</summary>
    public CaptureRestartsException Restart(CapturedTable table, string publication)
    {
        var why = $"the publication '{publication}' does not hold {table.Sync.SourceTable} as it is now";
        registry.Find(table.Name)?.Tables.RequestRestart(why);
        return new CaptureRestartsException(table.Sync.Source, why);
    }

    /// <summary>Adds the load's rows to raw. What is before the load's position need not come from the log any more.</summary>
    public static async Task<WriteOutcome> CommitAsync(
        CapturedTable table, IStagingArea area, IReadOnlyList<ContentFile> files, Dictionary<string, string> summary, LogPosition position, CancellationToken cancellationToken)
    {
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            Check(table);
            // Where raw has followed the changes all along it is not to miss those that are still on their way.
            var reached = table.IsFreshLoad && position > table.RawPosition ? position : table.RawPosition;
            summary[table.Notes.PositionKey] = reached.ToString();
            var outcome = await area.CommitAppendAsync(table.Sync.Raw, files, summary, cancellationToken);
            table.RawPosition = reached;
            return outcome;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <summary>Computes refined from raw and lets it follow the changes.</summary>
    /// <param name="table">The table.</param>
    /// <param name="key">Lake names of the columns that identify a row.</param>
    /// <param name="load">Where the load stands.</param>
    /// <param name="close">Forgets the load, so that it is not taken up again. Before the table counts as following: a later load must find nothing of it.</param>
    /// <param name="cancellationToken">Stops before refined is replaced.</param>
    public async Task<long?> FinishAsync(CapturedTable table, IReadOnlyList<string> key, LoadSpan load, Func<CancellationToken, Task> close, CancellationToken cancellationToken)
    {
        await steps.ReachedAsync(CaptureStep.LoadCommitted, table.Name, cancellationToken);
        if (load.To > table.RawPosition)
        {
            var (tables, _) = registry.Find(table.Name) ?? throw new LoadOutdatedException(table.Name, "stopped");
            await tables.WhenReached(load.To, cancellationToken);
        }

        var (raw, reached) = await PinAsync(table, load.To, cancellationToken);
        await using var area = await writer.OpenStagingAsync(cancellationToken);
        var refined = await catchUp.ReplaceAsync(table, raw, key, load, reached, area, cancellationToken);
        await steps.ReachedAsync(CaptureStep.LoadRefined, table.Name, cancellationToken);
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            Check(table);

            // A session that began meanwhile may have read it from the snapshot before.
            table.RefinedPosition = refined;
            await catchUp.FromRawAsync(table, key, area, cancellationToken);
            await close(cancellationToken);
            (table.State, table.Reason, table.KeyInLake) = (CaptureStates.Streaming, null, key);

            // What was noticed while it was loaded needs another load, also when this process ends before.
            var state = table.Loaded(load.To) ? CaptureStates.Streaming : CaptureStates.Loading;
            _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, r => (r.State, r.Reason, r.Hint, r.GapFrom) = (state, null, null, null), cancellationToken);
            await store.AddEventAsync(table.Sync.Source, table.Name, "bootstrap", $"Loaded at {load.From}; its changes are followed from {table.RefinedPosition} on.", load.From, cancellationToken);
            return (await catalog.LoadAsync(table.Sync.Refined, cancellationToken)).Metadata.CurrentSnapshotId;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    private static void Check(CapturedTable table)
    {
        if (table.State != CaptureStates.Loading)
        {
            throw new LoadOutdatedException(table.Name, table.State);
        }
    }

    /// <summary>Positions of another history must not be compared with those to come; older snapshots keep the rows.</summary>
    private async Task EmptyRawAsync(CapturedTable table, CancellationToken cancellationToken)
    {
        if (await catalog.FindAsync(table.Sync.Raw, cancellationToken) is { Metadata.CurrentSnapshot: not null })
        {
            await using var area = await writer.OpenStagingAsync(cancellationToken);
            _ = await area.CommitReplaceAsync(table.Sync.Raw, [], table.Notes.ForCapture(LogPosition.Zero, null), cancellationToken);
        }

        table.RawPosition = LogPosition.Zero;
    }

    /// <summary>A snapshot of raw and the position that it reaches.</summary>
    private async Task<(Table Raw, LogPosition Reached)> PinAsync(CapturedTable table, LogPosition least, CancellationToken cancellationToken)
    {
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            // Everything before it has been read and landed, whether it was of this table or not.
            table.RawPosition = table.RawPosition > least ? table.RawPosition : least;
            return (await catalog.LoadAsync(table.Sync.Raw, cancellationToken), table.RawPosition);
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }
}

/// <summary>The captures of this process, by source.</summary>
internal sealed class CaptureRegistry
{
    private readonly ConcurrentDictionary<string, (CaptureTables Tables, CaptureMeter Meter)> _sources = new(StringComparer.Ordinal);

    public void Add(CaptureTables tables, CaptureMeter meter) => _sources[tables.Source] = (tables, meter);

    public void Remove(string source) => _ = _sources.TryRemove(source, out _);

    public (CaptureTables Tables, CaptureMeter Meter)? FindSource(string source) => _sources.TryGetValue(source, out var found) ? found : null;

    public (CaptureTables Tables, CapturedTable Table)? Find(string sync)
    {
        foreach (var (tables, _) in _sources.Values)
        {
            if (tables.Get(sync) is { } table)
            {
                return (tables, table);
            }
        }

        return null;
    }
}
