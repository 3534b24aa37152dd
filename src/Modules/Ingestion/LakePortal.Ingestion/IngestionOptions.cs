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
}
