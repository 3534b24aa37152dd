using System.ComponentModel.DataAnnotations;

namespace LakePortal.Ingestion;

/// <summary>Section <c>Ingestion</c>.</summary>
internal sealed record IngestionOptions
{
    public const string SectionName = "Ingestion";

    /// <summary>Syncs that run at the same time; others wait in the order in which they were started.</summary>
    [Range(1, 64, ErrorMessage = "Ingestion:ConcurrentRuns must be between 1 and 64.")]
    public int ConcurrentRuns { get; init; } = 2;

    /// <summary>Runs that a stopped process left are started again when it comes back.</summary>
    public bool ResumeAtStart { get; init; } = true;

    /// <summary>
    /// Where the source has logical replication, a run waits this long for the transactions that are going on to end, so that its log position belongs to its
    /// rows exactly. Zero, or when they go on for longer: the position is taken just before the rows' snapshot.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00", ErrorMessage = "Ingestion:ExactPositionWait must be between 00:00:00 and 01:00:00.")]
    public TimeSpan ExactPositionWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Tables are read in chunks of at least this size: what a resumed run need not read again, and what connections share out among them.</summary>
    [Range(64 * 1024, 1L << 40, ErrorMessage = "Ingestion:SmallestChunkBytes must be between 64 KiB and 1 TiB.")]
    public long SmallestChunkBytes { get; init; } = 16L << 20;

    /// <summary>And of at most this size.</summary>
    [Range(64 * 1024, 1L << 40, ErrorMessage = "Ingestion:LargestChunkBytes must be between 64 KiB and 1 TiB.")]
    public long LargestChunkBytes { get; init; } = 192L << 20;
}
