namespace LakePortal.Ingestion.Store;

internal sealed class SourceRow
{
    public required string Name { get; set; }

    /// <summary>The document without <c>kind</c>, as JSON; secrets are references.</summary>
    public required string Document { get; set; }

    /// <summary><c>ok</c>, <c>unreachable</c>, <c>unknown</c>.</summary>
    public required string State { get; set; }

    public string? Reason { get; set; }

    public DateTimeOffset? CheckedAt { get; set; }

    public long Version { get; set; }
}

internal sealed class SyncRow
{
    public required string Name { get; set; }

    public required string Source { get; set; }

    /// <summary>The document of this one table, without <c>kind</c>, as JSON.</summary>
    public required string Document { get; set; }

    public required bool Paused { get; set; }

    /// <summary>Columns that had to become text because of a value they hold: JSON object, column to reason.</summary>
    public required string TextColumns { get; set; }

    /// <summary>The columns as of the last run: JSON array for the status.</summary>
    public string? Columns { get; set; }

    /// <summary>The key as of the last run: JSON array of column names in the lake.</summary>
    public string? Key { get; set; }

    public string? Position { get; set; }

    public string? CursorValue { get; set; }

    public DateTimeOffset? LastCommitAt { get; set; }

    public long? RowsRaw { get; set; }

    public long? RowsRefined { get; set; }

    public long Version { get; set; }
}

/// <summary>A load that has begun and is not committed yet. At most one per sync.</summary>
internal sealed class LoadRow
{
    public required string Sync { get; set; }

    public required string LoadId { get; set; }

    public required string RunId { get; set; }

    /// <summary>Definition of the columns, key and lake tables; chunks of another definition are useless.</summary>
    public required string Fingerprint { get; set; }

    public required int Attempt { get; set; }

    /// <summary>Snapshot times of attempts rise strictly, whatever the clock does: newer rows win by them.</summary>
    public required DateTimeOffset IngestedAt { get; set; }

    public required bool Resumable { get; set; }
}

/// <summary>A chunk whose files are complete.</summary>
internal sealed class ChunkRow
{
    public required string LoadId { get; set; }

    public required int Number { get; set; }

    public required string Sync { get; set; }

    public required long Heap { get; set; }

    public required long FileNode { get; set; }

    public required long FromPage { get; set; }

    /// <summary>Exclusive; null: to the end.</summary>
    public long? ToPage { get; set; }

    /// <summary>Only rows written by this transaction or a later one were read; null: all rows.</summary>
    public long? SinceXid { get; set; }

    public required string Range { get; set; }

    public required string Position { get; set; }

    /// <summary>Every transaction below is visible in the chunk's snapshot.</summary>
    public required long SnapshotXmin { get; set; }

    public required int Attempt { get; set; }

    public required long Rows { get; set; }

    public required long Bytes { get; set; }

    public required double Seconds { get; set; }

    /// <summary>The data files: JSON of the engine's content file form.</summary>
    public required string Files { get; set; }
}

/// <summary>What a run page shows beyond the kernel's run record.</summary>
internal sealed class RunDetailRow
{
    public required string RunId { get; set; }

    public required string Sync { get; set; }

    public required string Mode { get; set; }

    public string? Position { get; set; }

    public required string Consistency { get; set; }

    public required int Attempt { get; set; }

    /// <summary>JSON array of chunk infos.</summary>
    public required string Chunks { get; set; }

    public long? RawSnapshotId { get; set; }

    public long? RefinedSnapshotId { get; set; }
}
