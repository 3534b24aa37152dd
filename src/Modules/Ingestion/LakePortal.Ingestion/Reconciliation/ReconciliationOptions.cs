using System.ComponentModel.DataAnnotations;

namespace LakePortal.Ingestion.Reconciliation;

/// <summary>Section <c>Reconciliation</c>.</summary>
internal sealed record ReconciliationOptions
{
    public const string SectionName = "Reconciliation";

    /// <summary>Reconciliations that run at the same time; others wait.</summary>
    [Range(1, 64, ErrorMessage = "Reconciliation:ConcurrentRuns must be between 1 and 64.")]
    public int ConcurrentRuns { get; init; } = 1;

    /// <summary>Differing rows that are kept with both sides; counts are exact beyond it.</summary>
    [Range(0, 1_000_000, ErrorMessage = "Reconciliation:MostDifferences must be between 0 and 1000000.")]
    public int MostDifferences { get; init; } = 10_000;

    /// <summary>Reconciliations of a sync that are kept; older ones go with their ranges and differences.</summary>
    [Range(1, 100_000, ErrorMessage = "Reconciliation:KeepRuns must be between 1 and 100000.")]
    public int KeepRuns { get; init; } = 100;

    /// <summary>Key ranges in which a table is summed up.</summary>
    [Range(1, 1024, ErrorMessage = "Reconciliation:Ranges must be between 1 and 1024.")]
    public int Ranges { get; init; } = 64;

    /// <summary>Tables of more rows are compared in parts, each part as of a moment of its own when the one before has become old.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "Reconciliation:PartRows must be at least 1.")]
    public long PartRows { get; init; } = 100_000_000;

    /// <summary>A snapshot of the source holds back its clean-up of old row versions: after this time the next part takes a new one.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "Reconciliation:LongestSnapshot must be between 00:00:00 and 1.00:00:00.")]
    public TimeSpan LongestSnapshot { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Rolling comparisons: about so many rows are read in one transaction of the source.</summary>
    [Range(1, 10_000_000, ErrorMessage = "Reconciliation:RollingChunkRows must be between 1 and 10000000.")]
    public int RollingChunkRows { get; init; } = 20_000;

    /// <summary>Rolling comparisons: so many rows, or those of ten seconds, are read before the lake is asked to have them all.</summary>
    [Range(1, 100_000_000, ErrorMessage = "Reconciliation:RollingWindowRows must be between 1 and 100000000.")]
    public int RollingWindowRows { get; init; } = 200_000;

    /// <summary>How long to wait for the source's running transactions to end, and then for the lake to reach the position.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "Reconciliation:LongestWait must be between 00:00:01 and 1.00:00:00.")]
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(2);
}
