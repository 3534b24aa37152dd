using System.ComponentModel.DataAnnotations;
using LakePortal.Engine.Writing.Compaction;

namespace LakePortal.Serving.Tables.Maintenance;

/// <summary>Section <c>Compaction</c>.</summary>
internal sealed record CompactionOptions
{
    public const string SectionName = "Compaction";

    /// <summary>Quartz cron; empty: tables are compacted only by hand.</summary>
    public string Schedule { get; init; } = "0 3/10 * * * ?";

    /// <summary>A data file below it is small.</summary>
    [Range(1024, 4L * 1024 * 1024 * 1024, ErrorMessage = "Compaction:SmallFileBytes must be between 1 KiB and 4 GiB.")]
    public long SmallFileBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>So many small files of a partition are compacted by the clock; by hand, two are enough.</summary>
    [Range(2, 100_000, ErrorMessage = "Compaction:MinSmallFiles must be between 2 and 100000.")]
    public int MinSmallFiles { get; init; } = 50;

    /// <summary>A data file of which this share of the rows is deleted is written anew.</summary>
    [Range(0.01, 1.0, ErrorMessage = "Compaction:DeleteShare must be between 0.01 and 1.")]
    public double DeleteShare { get; init; } = 0.2;

    /// <summary>Most bytes of one table that are written anew at a time; the next time goes on.</summary>
    [Range(1024L * 1024, long.MaxValue, ErrorMessage = "Compaction:MostBytes must be at least 1 MiB.")]
    public long MostBytes { get; init; } = 8L * 1024 * 1024 * 1024;

    public CompactionRules Rules(bool byHand) => new() { SmallFileBytes = SmallFileBytes, MinSmallFiles = byHand ? 2 : MinSmallFiles, DeleteShare = DeleteShare, MostBytes = MostBytes };
}
