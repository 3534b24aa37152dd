using System.Collections.Concurrent;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Capture;

/// <summary>
/// The load of a captured table, and how it joins the changes. From before its snapshot is taken the changes are kept in raw; the load's rows are added to raw
/// at the snapshot's position; then refined is computed from both, newest first, and from there on follows the changes. Nothing else of the source waits.
/// </summary>
internal sealed class TableLoad(CaptureRegistry registry, CaptureStore store, RefinedCatchUp catchUp, ITableCatalog catalog, ILakeWriter writer)
{
    /// <summary>The capture of the sync's table, which must be going on.</summary>
    /// <exception cref="CaptureHeldException">It is not captured.</exception>
    public async Task<CapturedTable> BeginAsync(string sync, CancellationToken cancellationToken)
    {
        var (tables, table) = registry.Find(sync)
            ?? throw new CaptureHeldException(sync, $"The changes of '{sync}' are not captured, so a load has nothing to join.", "Set mode: cdc or bootstrap+cdc, and see that the source's capture runs.");
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            table.State = CaptureStates.Loading;
            _ = await store.ChangeTableAsync(sync, tables.Source, r => (r.State, r.Reason, r.Hint) = (CaptureStates.Loading, null, null), cancellationToken);
            return table;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <summary>Adds the load's rows to raw. What is before the load's position need not come from the log any more.</summary>
    public static async Task<WriteOutcome> CommitAsync(
        CapturedTable table, IStagingArea area, IReadOnlyList<ContentFile> files, Dictionary<string, string> summary, PgPosition position, CancellationToken cancellationToken)
    {
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            var reached = position > table.RawPosition ? position : table.RawPosition;
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
    /// <param name="from">Position of the load, the earliest one when it was interrupted.</param>
    public async Task<long?> FinishAsync(CapturedTable table, IReadOnlyList<string> key, PgPosition from, CancellationToken cancellationToken)
    {
        var (raw, reached) = await PinAsync(table, cancellationToken);
        await catchUp.ReplaceAsync(table, raw, key, from, reached, cancellationToken);
        await using var area = await writer.OpenStagingAsync(cancellationToken);
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            await catchUp.FromRawAsync(table, key, area, cancellationToken);
            (table.State, table.Reason, table.NeedsLoad, table.KeyInLake) = (CaptureStates.Streaming, null, null, key);
            _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, r => (r.State, r.Reason, r.Hint, r.GapFrom) = (CaptureStates.Streaming, null, null, null), cancellationToken);
            await store.AddEventAsync(table.Sync.Source, table.Name, "bootstrap", $"Loaded at {from}; its changes are followed from {table.RefinedPosition} on.", from, cancellationToken);
            return (await catalog.LoadAsync(table.Sync.Refined, cancellationToken)).Metadata.CurrentSnapshotId;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <summary>A snapshot of raw and the position that it reaches.</summary>
    private async Task<(Table Raw, PgPosition Reached)> PinAsync(CapturedTable table, CancellationToken cancellationToken)
    {
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
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
