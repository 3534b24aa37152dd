using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>Branch and tag arithmetic on metadata.</summary>
internal static class SnapshotRefs
{
    public static TableMetadata WithSnapshot(TableMetadata metadata, Snapshot snapshot, string branch, DateTimeOffset now) =>
        SetBranch(
            metadata with { Snapshots = [.. metadata.Snapshots, snapshot], LastSequenceNumber = Math.Max(metadata.LastSequenceNumber, snapshot.SequenceNumber) },
            branch,
            snapshot.SnapshotId,
            now);

    public static TableMetadata SetBranch(TableMetadata metadata, string branch, long snapshotId, DateTimeOffset now)
    {
        var existing = metadata.Refs.GetValueOrDefault(branch);
        var result = WithRef(metadata, branch, existing is null ? new SnapshotRef(snapshotId, false) : existing with { SnapshotId = snapshotId });
        return branch == SnapshotRef.Main && metadata.CurrentSnapshotId != snapshotId
            ? result with { CurrentSnapshotId = snapshotId, SnapshotLog = [.. metadata.SnapshotLog, new SnapshotLogEntry(now, snapshotId)] }
            : result;
    }

    public static TableMetadata WithRef(TableMetadata metadata, string name, SnapshotRef? reference)
    {
        var refs = new Dictionary<string, SnapshotRef>(metadata.Refs, StringComparer.Ordinal);
        if (reference is null)
        {
            refs.Remove(name);
        }
        else
        {
            refs[name] = reference;
        }

        return metadata with { Refs = refs };
    }

    public static bool IsAncestor(TableMetadata metadata, long ancestor, long of)
    {
        var seen = new HashSet<long>();
        for (long? id = of; id is { } current && seen.Add(current); id = metadata.FindSnapshot(current)?.ParentSnapshotId)
        {
            if (current == ancestor)
            {
                return true;
            }
        }

        return false;
    }
}
