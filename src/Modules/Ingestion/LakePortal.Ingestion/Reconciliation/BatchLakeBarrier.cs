using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Reconciliation;

/// <summary>For syncs without capture: the lake stays where its last load has brought it, and says where that is.</summary>
internal sealed class BatchLakeBarrier(ITableCatalog catalog) : ILakeBarrier
{
    public bool Serves(SyncDefinition sync) => sync.Mode is "batch" or "snapshot";

    public async Task<LakeMoment?> ReachAsync(SyncDefinition sync, string position, TimeSpan longest, CancellationToken cancellationToken)
    {
        var table = await catalog.FindAsync(sync.Refined, cancellationToken);
        var notes = new SnapshotNotes(sync.Name);
        return table?.Metadata.CurrentSnapshot is { } current && notes.Newest(table) is { } loaded ? new LakeMoment(current.SnapshotId, loaded.Summary[notes.PositionKey]) : null;
    }
}
