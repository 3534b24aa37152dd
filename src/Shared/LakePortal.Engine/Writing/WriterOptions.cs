using System.ComponentModel.DataAnnotations;

namespace LakePortal.Engine.Writing;

/// <summary>How data files are written. Each staging area has these limits for itself.</summary>
public sealed record WriterOptions
{
    public const string SectionName = "Writer";

    private const string SizePattern = @"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$";

    /// <summary>Memory of one staging area, as DuckDB writes it: <c>2GB</c>, <c>512MB</c>; beyond it, it spills.</summary>
    [RegularExpression(SizePattern, ErrorMessage = "Writer:MemoryLimit must be a size such as 2GB or 512MB.")]
    public string MemoryLimit { get; init; } = "2GB";

    /// <summary>Worker threads of one staging area; 0 takes the number of processors.</summary>
    [Range(0, 1024, ErrorMessage = "Writer:Threads must be between 0 (all processors) and 1024.")]
    public int Threads { get; init; }

    /// <summary>Where staging areas spill; each makes a private folder below it and removes it. Null: the system's folder for temporary files.</summary>
    public string? TempDirectory { get; init; }

    /// <summary>Most room for spilling of one staging area.</summary>
    [RegularExpression(SizePattern, ErrorMessage = "Writer:MaxTempSize must be a size such as 20GB.")]
    public string MaxTempSize { get; init; } = "50GB";

    /// <summary>Size at which a data file is ended and the next begun (unpartitioned tables; each partition gets at least one file).</summary>
    [Range(1024 * 1024, 4L * 1024 * 1024 * 1024, ErrorMessage = "Writer:TargetFileBytes must be between 1 MiB and 4 GiB.")]
    public long TargetFileBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Parquet codec: zstd, snappy, lz4_raw, gzip or uncompressed.</summary>
    [RegularExpression("^(zstd|snappy|lz4_raw|gzip|uncompressed)$", ErrorMessage = "Writer:Codec must be zstd, snappy, lz4_raw, gzip or uncompressed.")]
    public string Codec { get; init; } = "zstd";

    /// <summary>Level of zstd.</summary>
    [Range(1, 22, ErrorMessage = "Writer:CodecLevel must be between 1 and 22.")]
    public int CodecLevel { get; init; } = 1;

    /// <summary>Rows of a Parquet row group: what a reader can skip by statistics.</summary>
    [Range(2048, 10_000_000, ErrorMessage = "Writer:RowGroupRows must be between 2048 and 10000000.")]
    public int RowGroupRows { get; init; } = 122_880;

    /// <summary>Most files that one write may make; beyond it the write fails and removes them.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Writer:MaxFilesPerWrite must be between 1 and 1000000.")]
    public int MaxFilesPerWrite { get; init; } = 10_000;

    /// <summary>Files of partitions open at the same time while writing; more partitions are written one after another.</summary>
    [Range(1, 10_000, ErrorMessage = "Writer:MaxOpenPartitions must be between 1 and 10000.")]
    public int MaxOpenPartitions { get; init; } = 100;

    /// <summary>A merge rewrites a data file instead of adding deletes once this share of its rows is deleted.</summary>
    [Range(0.01, 1.0, ErrorMessage = "Writer:RewriteShare must be between 0.01 and 1.")]
    public double RewriteShare { get; init; } = 0.3;

    /// <summary>
    /// Merges into tables with fewer rows read their keys; beyond it they keep an index of each data file's keys beside the table (about 12 bytes a row), so that the cost
    /// of a merge follows its changes. 9223372036854775807: never.
    /// </summary>
    [Range(0, long.MaxValue, ErrorMessage = "Writer:KeyIndexMinRows must not be negative.")]
    public long KeyIndexMinRows { get; init; } = 50_000;

    /// <summary>Most rows that one merge adds to a table's key index; files beyond it are read, and indexed by the merges that follow.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "Writer:KeyIndexRowsPerMerge must be at least 1.")]
    public long KeyIndexRowsPerMerge { get; init; } = 20_000_000;

    /// <summary>How often a merge looks its positions up again after losing against another commit.</summary>
    [Range(0, 1000, ErrorMessage = "Writer:CommitRetries must be between 0 and 1000.")]
    public int CommitRetries { get; init; } = 20;
}
