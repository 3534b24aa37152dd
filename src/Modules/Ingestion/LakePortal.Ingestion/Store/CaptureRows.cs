namespace LakePortal.Ingestion.Store;

/// <summary>The reading of one source's log.</summary>
internal sealed class CaptureRow
{
    public required string Source { get; set; }

    /// <summary><c>starting</c>, <c>streaming</c>, <c>waiting</c>, <c>stopped</c>.</summary>
    public required string State { get; set; }

    public string? Reason { get; set; }

    public string? Hint { get; set; }

    public required string Slot { get; set; }

    public required string Publication { get; set; }

    /// <summary>Of the cluster; null until the first contact.</summary>
    public string? SystemId { get; set; }

    public int? Timeline { get; set; }

    /// <summary>Everything before it is in the lake's raw tables. Written before the source is told: a slot that is ahead of it has lost changes.</summary>
    public string? CapturedPosition { get; set; }

    public DateTimeOffset? CapturedAt { get; set; }

    public long Version { get; set; }
}

/// <summary>How far the capture of one table is.</summary>
internal sealed class CaptureTableRow
{
    public required string Sync { get; set; }

    public required string Source { get; set; }

    /// <summary><c>waiting</c>, <c>loading</c>, <c>streaming</c>, <c>held</c>, <c>gap</c>.</summary>
    public required string State { get; set; }

    public string? Reason { get; set; }

    public string? Hint { get; set; }

    /// <summary>The definition that the log had last, as JSON of the relation.</summary>
    public string? Relation { get; set; }

    /// <summary>Where a gap begins: what was changed from there on may be missing.</summary>
    public string? GapFrom { get; set; }

    public DateTimeOffset? LastCommitAt { get; set; }

    public long Changes { get; set; }

    public long DeadLetters { get; set; }

    public long Version { get; set; }
}

/// <summary>Something that happened to a source or a sync and that an operator wants to see on a time line.</summary>
internal sealed class CaptureEventRow
{
    public required string Id { get; set; }

    public required string Source { get; set; }

    /// <summary>Null: the source as a whole.</summary>
    public string? Sync { get; set; }

    public required DateTimeOffset At { get; set; }

    /// <summary><c>bootstrap</c>, <c>schema-change</c>, <c>pause</c>, <c>resume</c>, <c>gap</c>, <c>heal</c>, <c>hold</c>, <c>error</c>, <c>dead-letter</c>, <c>truncate</c>.</summary>
    public required string Kind { get; set; }

    public required string Message { get; set; }

    public string? Position { get; set; }
}
