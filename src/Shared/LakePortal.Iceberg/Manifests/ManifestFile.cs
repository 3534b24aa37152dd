namespace LakePortal.Iceberg.Manifests;

internal enum ManifestContent
{
    Data = 0,
    Deletes = 1,
}

/// <summary>One row of a manifest list. Counts are null when the writer (v1) did not give them.</summary>
internal sealed record ManifestFile
{
    public required string Path { get; init; }

    public required long Length { get; init; }

    public required int SpecId { get; init; }

    public ManifestContent Content { get; init; }

    public long SequenceNumber { get; init; }

    public long MinSequenceNumber { get; init; }

    public long? AddedSnapshotId { get; init; }

    public int? AddedFiles { get; init; }

    public int? ExistingFiles { get; init; }

    public int? DeletedFiles { get; init; }

    public long? AddedRows { get; init; }

    public long? ExistingRows { get; init; }

    public long? DeletedRows { get; init; }

    public IReadOnlyList<PartitionSummary>? Partitions { get; init; }

    public byte[]? KeyMetadata { get; init; }

    /// <summary>Unknown counts may hide live files.</summary>
    public bool MayHaveLiveFiles => AddedFiles is null or > 0 || ExistingFiles is null or > 0;
}

internal sealed record PartitionSummary(bool ContainsNull, bool? ContainsNan, byte[]? LowerBound, byte[]? UpperBound);
