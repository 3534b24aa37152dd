namespace LakePortal.Iceberg.Tables;

public enum FileContent
{
    Data = 0,
    PositionDeletes = 1,
    EqualityDeletes = 2,
}

/// <summary>
/// A data or delete file as a manifest describes it. Partition values, bounds and defaults are typed CLR values: bool, int (int, date),
/// long (long, time, timestamp: microseconds), float, double, <c>IcebergDecimal</c>, string, Guid, byte[]; null is null.
/// </summary>
public sealed record ContentFile
{
    public required FileContent Content { get; init; }

    /// <summary>Full location with scheme, exactly as written in the manifest.</summary>
    public required string Path { get; init; }

    public string Format { get; init; } = "PARQUET";

    public required int SpecId { get; init; }

    /// <summary>One value per field of the spec, in the spec's order.</summary>
    public IReadOnlyList<object?> Partition { get; init; } = [];

    public required long RecordCount { get; init; }

    public required long FileSizeInBytes { get; init; }

    public IReadOnlyDictionary<int, long>? ColumnSizes { get; init; }

    public IReadOnlyDictionary<int, long>? ValueCounts { get; init; }

    public IReadOnlyDictionary<int, long>? NullValueCounts { get; init; }

    public IReadOnlyDictionary<int, long>? NanValueCounts { get; init; }

    /// <summary>By field id, in the specification's single-value binary form.</summary>
    public IReadOnlyDictionary<int, byte[]>? LowerBounds { get; init; }

    public IReadOnlyDictionary<int, byte[]>? UpperBounds { get; init; }

    public IReadOnlyList<long>? SplitOffsets { get; init; }

    public IReadOnlyList<int>? EqualityIds { get; init; }

    public int? SortOrderId { get; init; }

    public string? ReferencedDataFile { get; init; }

    /// <summary>Deletion vectors (v3): where the blob starts and how long it is in the Puffin file.</summary>
    public long? ContentOffset { get; init; }

    public long? ContentSizeInBytes { get; init; }

    /// <summary>Null until committed: inherited from the manifest list.</summary>
    public long? DataSequenceNumber { get; init; }

    public long? FileSequenceNumber { get; init; }
}
