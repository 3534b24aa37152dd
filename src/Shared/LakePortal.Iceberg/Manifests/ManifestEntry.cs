using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Manifests;

internal enum EntryStatus
{
    Existing = 0,
    Added = 1,
    Deleted = 2,
}

/// <summary>One entry of a manifest; sequence numbers and snapshot id of what is read are those after inheritance.</summary>
internal sealed record ManifestEntry(EntryStatus Status, long? SnapshotId, ContentFile File)
{
    public bool IsLive => Status != EntryStatus.Deleted;
}
