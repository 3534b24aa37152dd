using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Offload;

/// <summary>Loads of tables whose changes are captured: raw keeps what it has, refined is computed from the load and the changes together.</summary>
internal sealed partial class OffloadRun
{
    private async Task<long?> CommitJoinedAsync(
        OffloadWork work, CapturedTable joined, OpenedLoad opened, IStagingArea area, IReadOnlyList<ChunkRow> chunks, IReadOnlyList<ContentFile> deleted, bool isSeveral, CancellationToken cancellationToken)
    {
        var files = chunks.SelectMany(c => ContentFileJson.Read(c.Files)).Concat(deleted).ToList();
        var ingestedAt = opened.Load.IngestedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var summary = _notes.ForRaw(request.RunId, opened.Load.LoadId, isFull: true, work.Snapshot.Position, work.Snapshot.IsExact, ingestedAt, isSeveral,
            new LoadSize(chunks.Sum(c => c.Rows), chunks.Sum(c => c.Bytes)), work.Horizon);
        summary[SnapshotNotes.LoadKind] = SnapshotNotes.Bootstrap;
        var outcome = await TableLoad.CommitAsync(joined, area, files, summary, PgPosition.Parse(work.Snapshot.Position), cancellationToken);
        Publish(f => f with { RawSnapshotId = outcome.SnapshotId });
        progress.Note($"{request.Sync.Raw}: committed {chunks.Sum(c => c.Rows)} rows in {files.Count} files at {work.Snapshot.Position}.");
        await services.AnnounceAsync(request.Sync.Raw, outcome.SnapshotId);
        return outcome.SnapshotId;
    }

    private async Task<OffloadResult> JoinAsync(OffloadWork work, CapturedTable joined, IReadOnlyList<ChunkRow> chunks, long? rawSnapshot, double rawSeconds, CancellationToken cancellationToken)
    {
        progress.Begin("refining", null, false);
        var position = PgPosition.Parse(work.Snapshot.Position);
        var from = chunks.Select(c => PgPosition.Parse(c.Position)).Append(position).Min();
        var refined = await services.Loads.FinishAsync(joined, work.Key, from, cancellationToken);
        Publish(f => f with { RefinedSnapshotId = refined });
        progress.Note($"{request.Sync.Refined} follows the changes from here on.");
        await services.Store.CloseAsync(request.Sync.Name, cancellationToken);
        var rawTable = await services.Catalog.LoadAsync(request.Sync.Raw, cancellationToken);
        var refinedTable = await services.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        return new OffloadResult
        {
            RawSnapshotId = rawSnapshot,
            RefinedSnapshotId = refined,
            RowsRead = chunks.Sum(c => c.Rows),
            BytesRead = chunks.Sum(c => c.Bytes),
            RowsRaw = TableRows.Of(rawTable),
            RowsRefined = TableRows.Of(refinedTable),
            Position = work.Snapshot.Position,
            IsPositionExact = work.Snapshot.IsExact,
            Consistency = _facts.Consistency,
            IsFull = true,
            Attempts = _facts.Attempt,
            RawSeconds = rawSeconds,
            Seconds = services.Clock.GetElapsedTime(_started).TotalSeconds,
        };
    }
}
