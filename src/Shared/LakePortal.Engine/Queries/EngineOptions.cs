using System.ComponentModel.DataAnnotations;

namespace LakePortal.Engine.Queries;

/// <summary>Limits of the query engine. They hold for the process, not per query, except where said.</summary>
public sealed record EngineOptions
{
    public const string SectionName = "Engine";

    /// <summary>Memory for all queries together, as DuckDB writes it: <c>2GB</c>, <c>512MB</c>.</summary>
    [RegularExpression(@"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$", ErrorMessage = "Engine:MemoryLimit must be a size such as 2GB or 512MB.")]
    public string MemoryLimit { get; init; } = "1GB";

    /// <summary>Worker threads; 0 takes the number of processors.</summary>
    [Range(0, 1024, ErrorMessage = "Engine:Threads must be between 0 (all processors) and 1024.")]
    public int Threads { get; init; }

    /// <summary>Where queries spill; a private folder is made below it and removed at the end. Null: the system's folder for temporary files.</summary>
    public string? TempDirectory { get; init; }

    /// <summary>Most room for spilling.</summary>
    [RegularExpression(@"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$", ErrorMessage = "Engine:MaxTempSize must be a size such as 20GB.")]
    public string MaxTempSize { get; init; } = "20GB";

    /// <summary>Time limit of a query whose request gives none; zero: none.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00", ErrorMessage = "Engine:DefaultTimeout must be between 0 (none) and 30 days.")]
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Queries that run at the same time; more wait in turn, fairly between users.</summary>
    [Range(1, 1000, ErrorMessage = "Engine:MaxConcurrentQueries must be between 1 and 1000.")]
    public int MaxConcurrentQueries { get; init; } = 8;

    /// <summary>Queries that may wait; more are refused.</summary>
    [Range(0, 100_000, ErrorMessage = "Engine:MaxWaitingQueries must be between 0 and 100000.")]
    public int MaxWaitingQueries { get; init; } = 500;

    /// <summary>Local directories that hold the lake's files. Directories of adopted tables are added when such a table is read.</summary>
    public IReadOnlyList<string> DataDirectories { get; init; } = [];
}
