using System.ComponentModel.DataAnnotations;

namespace LakePortal.Processing;

/// <summary>How much pipelines may do at once, and what they may write.</summary>
internal sealed record ProcessingOptions
{
    public const string SectionName = "Processing";

    /// <summary>SQL tasks of all pipelines that run at the same time; sync tasks wait for ingestion, which has its own bound.</summary>
    [Range(1, 64, ErrorMessage = "Processing:MaxParallelTasks must be between 1 and 64.")]
    public int MaxParallelTasks { get; init; } = 2;

    /// <summary>Namespaces that SQL tasks may write to. <c>raw</c> belongs to ingestion.</summary>
    [MinLength(1, ErrorMessage = "Processing:TargetNamespaces must name at least one namespace.")]
    public IReadOnlyList<string> TargetNamespaces { get; init; } = ["refined", "curated"];

    /// <summary>How long a table must be quiet before a change of it starts the pipelines that wait for it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00", ErrorMessage = "Processing:ChangeDebounce must be between 0 and 1 hour.")]
    public TimeSpan ChangeDebounce { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A table that never gets quiet starts them after this long all the same.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "Processing:ChangeDebounceLimit must be between 0 and 1 day.")]
    public TimeSpan ChangeDebounceLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest wait between two attempts of a task.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00", ErrorMessage = "Processing:MaxRetryDelay must be between 1 ms and 1 day.")]
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>After a start, runs by schedule and by changed data that the last stop cut off go on where they were. Others wait for a person.</summary>
    public bool ResumeInterrupted { get; init; } = true;

    /// <summary>Finished runs kept per pipeline with their tasks; older ones are trimmed when a run ends.</summary>
    [Range(10, 100_000, ErrorMessage = "Processing:RunsKept must be between 10 and 100000.")]
    public int RunsKept { get; init; } = 500;
}
