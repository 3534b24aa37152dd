using System.Globalization;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Scans;

internal static class SnapshotSelection
{
    /// <summary>The snapshot and the schema to read it with; no snapshot when the table is empty.</summary>
    public static (Snapshot? Snapshot, Schema Schema) Select(TableMetadata metadata, SnapshotSelector selector)
    {
        var given = (selector.SnapshotId is null ? 0 : 1) + (selector.AsOf is null ? 0 : 1) + (selector.Ref is null ? 0 : 1);
        if (given > 1)
        {
            throw new SnapshotNotFoundException("Give a snapshot, a time or a branch, not several of them.");
        }

        if (selector.SnapshotId is { } id)
        {
            return Historic(metadata, id, $"The table has no snapshot {id.ToString(CultureInfo.InvariantCulture)}.");
        }

        if (selector.AsOf is { } time)
        {
            // The log, not the chain of parents: a rollback makes an older snapshot current again.
            var entry = metadata.SnapshotLog.LastOrDefault(e => e.Timestamp <= time)
                ?? throw new SnapshotNotFoundException($"The table had no snapshot at {time.ToString("O", CultureInfo.InvariantCulture)}.");
            return Historic(metadata, entry.SnapshotId, $"The snapshot of {time.ToString("O", CultureInfo.InvariantCulture)} has expired.");
        }

        if (selector.Ref is { } name and not SnapshotRef.Main)
        {
            if (!metadata.Refs.TryGetValue(name, out var reference))
            {
                throw new SnapshotNotFoundException($"The table has no branch or tag '{name}'.");
            }

            var (snapshot, schema) = Historic(metadata, reference.SnapshotId, $"The snapshot of '{name}' has expired.");
            return (snapshot, reference.IsTag ? schema : metadata.CurrentSchema);
        }

        return (metadata.CurrentSnapshot, metadata.CurrentSchema);
    }

    private static (Snapshot Snapshot, Schema Schema) Historic(TableMetadata metadata, long snapshotId, string missing)
    {
        var snapshot = metadata.FindSnapshot(snapshotId) ?? throw new SnapshotNotFoundException(missing);

        // Snapshots of version 1 may not say which schema they had.
        return (snapshot, metadata.Schemas.FirstOrDefault(s => s.SchemaId == snapshot.SchemaId) ?? metadata.CurrentSchema);
    }
}
