using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Offload;

/// <summary>Committing: one snapshot of raw, then one of refined that is computed from it.</summary>
internal sealed partial class OffloadRun
{
    /// <summary>After a resumed load: rows in raw that say what was deleted between its attempts.</summary>
    private async Task<IReadOnlyList<ContentFile>> DeletedAsync(OffloadWork work, OpenedLoad opened, IStagingArea area, IReadOnlyList<ChunkRow> chunks, CancellationToken cancellationToken)
    {
        progress.Begin("looking for deleted rows", null, false);
        var stamp = new RowStamp(work.Snapshot.Position, opened.Load.IngestedAt);
        try
        {
            var files = await work.Access.DeletedAsync(work, area, request.Sync.Raw, opened.Kept, [.. chunks.Except(opened.Kept)], stamp, cancellationToken);
            progress.Note($"{files.Sum(f => f.RecordCount)} rows were deleted since earlier attempts read them.");
            return files;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw await ExplainAsync(e, work, cancellationToken);
        }
    }

    /// <returns>Null: nothing changed in the source, nothing was committed.</returns>
    private async Task<Snapshot?> CommitRawAsync(OffloadWork work, OpenedLoad opened, IStagingArea area, IReadOnlyList<ChunkRow> chunks, IReadOnlyList<ContentFile> deleted, bool isSeveral, CancellationToken cancellationToken)
    {
        var files = chunks.SelectMany(c => ContentFileJson.Read(c.Files)).Concat(deleted).ToList();
        if (files.Count == 0 && !work.IsFull)
        {
            return null;
        }

        // After a resumed load every page was looked at again in the last snapshot, so the last one counts.
        var ingestedAt = opened.Load.IngestedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var summary = _notes.ForRaw(request.RunId, opened.Load.LoadId, work.IsFull, work.Snapshot.Position, work.Snapshot.IsExact, ingestedAt, isSeveral,
            new LoadSize(chunks.Sum(c => c.Rows), chunks.Sum(c => c.Bytes)), work.Horizon);
        var outcome = work.IsFull
            ? await area.CommitReplaceAsync(request.Sync.Raw, files, summary, cancellationToken)
            : await area.CommitAppendAsync(request.Sync.Raw, files, summary, cancellationToken);
        Publish(f => f with { RawSnapshotId = outcome.SnapshotId });
        progress.Note($"{request.Sync.Raw}: committed {chunks.Sum(c => c.Rows)} rows in {files.Count} files at {work.Snapshot.Position}.");
        await services.AnnounceAsync(request.Sync.Raw, outcome.SnapshotId);
        var raw = await services.Catalog.LoadAsync(request.Sync.Raw, cancellationToken);
        return _notes.Newest(raw);
    }

    /// <param name="work">The attempt.</param>
    /// <param name="raw">What the load committed; null: nothing, since nothing changed.</param>
    /// <param name="size">What the load read.</param>
    /// <param name="rawSeconds">From the start until raw was committed.</param>
    /// <param name="cancellationToken">Stops refining.</param>
    private async Task<OffloadResult> CompleteAsync(OffloadWork work, Snapshot? raw, LoadSize size, double rawSeconds, CancellationToken cancellationToken)
    {
        if (raw is not null)
        {
            await RefineAsync(work, raw, cancellationToken);
        }

        return await CloseAsync(work, raw, size, rawSeconds, cancellationToken);
    }

    private async Task<OffloadResult> CloseAsync(OffloadWork work, Snapshot? raw, LoadSize size, double rawSeconds, CancellationToken cancellationToken)
    {
        await services.Store.CloseAsync(request.Sync.Name, cancellationToken);
        var rawTable = await services.Catalog.LoadAsync(request.Sync.Raw, cancellationToken);
        var refinedTable = await services.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        var cursor = request.Sync.Cursor is { } column && work.Plan.Find(column) is { } loaded ? await services.Refined.HighestAsync(request.Sync.Refined, loaded.LakeName, cancellationToken) : null;
        return new OffloadResult
        {
            CursorValue = cursor,
            RawSnapshotId = raw?.SnapshotId,
            RefinedSnapshotId = raw is null ? null : _facts.RefinedSnapshotId,
            RowsRead = size.Rows,
            BytesRead = size.Bytes,
            RowsRaw = TableRows.Of(rawTable),
            RowsRefined = TableRows.Of(refinedTable),
            // What the lake holds may have been read in an earlier run, at another moment.
            Position = raw?.Summary[_notes.PositionKey] ?? work.Snapshot.Position,
            IsPositionExact = raw is null ? work.Snapshot.IsExact : raw.Summary[SnapshotNotes.PositionExact] == "true",
            Consistency = raw?.Summary[SnapshotNotes.Deduplicate] == "true" ? SyncRunFacts.SeveralMoments : SyncRunFacts.OneMoment,
            IsFull = raw is null ? work.IsFull : raw.Summary[SnapshotNotes.LoadKind] == "full",
            IsRefinedOneMoment = raw?.Summary[SnapshotNotes.Deduplicate] != "true" || work.Access.RereadsKept,
            Attempts = _facts.Attempt,
            RawSeconds = rawSeconds,
            Seconds = services.Clock.GetElapsedTime(_started).TotalSeconds,
        };
    }

    private async Task RefineAsync(OffloadWork work, Snapshot rawSnapshot, CancellationToken cancellationToken)
    {
        progress.Begin("refining", null, false);
        var raw = await services.Catalog.LoadAsync(request.Sync.Raw, cancellationToken);
        var refined = await services.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        if (work.IsOwnKey && work.Key.Count > 0 && rawSnapshot.Summary[SnapshotNotes.LoadKind] == "full")
        {
            await services.Refined.CheckKeyAsync(raw, rawSnapshot, work.Source.Display, work.Key, cancellationToken);
        }

        var outcome = await services.Refined.WriteAsync(_notes, request.RunId, raw, rawSnapshot, refined, work.Key, cancellationToken);
        Publish(f => f with { RefinedSnapshotId = outcome.SnapshotId });
        progress.Note($"{request.Sync.Refined}: committed {outcome.RowsWritten} rows.");
        await services.AnnounceAsync(request.Sync.Refined, outcome.SnapshotId);
    }

    /// <summary>
    /// A crash between the two commits leaves refined behind raw. An incremental load must be merged before the next one; a full one is only worth
    /// it when nothing new is about to replace it.
    /// </summary>
    /// <returns>Null: there was nothing to finish.</returns>
    private async Task<OffloadResult?> FinishPendingAsync(OffloadWork work, CancellationToken cancellationToken)
    {
        var raw = _notes.Newest(work.Tables.Raw);
        if (!SnapshotNotes.IsBehind(raw, _notes.Newest(work.Tables.Refined)))
        {
            if (request.IsResume && raw is not null && await services.Store.FindOpenAsync(request.Sync.Name, cancellationToken) is { } open && open.Load.LoadId == raw.Summary[SnapshotNotes.Load])
            {
                progress.Note("The load had been committed to both tables before it was stopped: there is nothing left to read.");
                return await CloseAsync(work, raw, SnapshotNotes.SizeOf(raw), 0, cancellationToken);
            }

            return null;
        }

        if (work.IsFull && !request.IsResume)
        {
            return null;
        }

        progress.Note($"{request.Sync.Refined} is brought to {raw!.Summary[_notes.PositionKey]}, which was committed to {request.Sync.Raw} before.");
        return await CompleteAsync(work, raw, SnapshotNotes.SizeOf(raw), 0, cancellationToken);
    }
}
