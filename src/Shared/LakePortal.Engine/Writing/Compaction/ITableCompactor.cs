using LakePortal.Iceberg;

namespace LakePortal.Engine.Writing.Compaction;

/// <summary>Writes small files, and files of which much is deleted, anew as few large ones. No row changes, comes or goes.</summary>
public interface ITableCompactor
{
    /// <summary>What <see cref="CompactAsync"/> would do now.</summary>
    Task<CompactionForecast> ForecastAsync(TableIdentifier table, CompactionRules rules, CancellationToken cancellationToken);

    /// <summary>
    /// Each snapshot of it (one for about <see cref="CompactionRules.MostBytesPerCommit"/>) changes no row, whatever is committed meanwhile: files that others changed while they were being
    /// written anew are written once more, at last while merges of this process wait, and otherwise left for another time.
    /// </summary>
    /// <exception cref="TableReadOnlyException">The table was adopted.</exception>
    Task<CompactionOutcome> CompactAsync(TableIdentifier table, CompactionRules rules, CancellationToken cancellationToken);

    /// <summary>Merges small manifests.</summary>
    /// <returns>How many there were, and how many there are.</returns>
    Task<(int Before, int After)> RewriteManifestsAsync(TableIdentifier table, CancellationToken cancellationToken);
}

/// <summary>Which files are written anew.</summary>
public sealed record CompactionRules
{
    /// <summary>A data file below it is small.</summary>
    public long SmallFileBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>So many small files of a partition are worth the work.</summary>
    public int MinSmallFiles { get; init; } = 2;

    /// <summary>A file of which this share of the rows is deleted is written anew, however large.</summary>
    public double DeleteShare { get; init; } = 0.1;

    /// <summary>Files beyond it are left for another time.</summary>
    public long MostBytes { get; init; } = long.MaxValue;

    public long MostBytesPerCommit { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Merges of this process wait for no more than so many bytes to be written anew.</summary>
    public long MostBytesInTurn { get; init; } = 64L * 1024 * 1024;
}

/// <param name="DataFiles">That would be written anew.</param>
/// <param name="DeleteFiles">Of them alone.</param>
/// <param name="NewFiles">That they would become.</param>
/// <param name="Rows">Without those that are deleted, as far as manifests tell.</param>
/// <param name="Bytes">Deletes included.</param>
/// <param name="Manifests">Of the table, now.</param>
public sealed record CompactionForecast(int DataFiles, int DeleteFiles, int NewFiles, long Rows, long Bytes, int Manifests);

/// <param name="FilesLeft">Data files that others kept changing.</param>
/// <param name="SnapshotId">Newest snapshot of the compaction; null: nothing was committed.</param>
public sealed record CompactionOutcome(int DataFiles, int DeleteFiles, int NewFiles, long Rows, long Bytes, long NewBytes, int FilesLeft, int Manifests, long? SnapshotId);
