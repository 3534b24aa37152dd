using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>
/// What one snapshot changes. Committed by compare-and-swap; when another commit was faster the change is validated against what came
/// between and applied again on top, or refused with <see cref="CommitConflictException"/>.
/// </summary>
public sealed record SnapshotChange
{
    /// <summary>Data files to add.</summary>
    public IReadOnlyList<ContentFile> AddedFiles { get; init; } = [];

    /// <summary>Position (or, when adopting the work of others, equality) delete files to add.</summary>
    public IReadOnlyList<ContentFile> AddedDeletes { get; init; } = [];

    /// <summary>Paths of live data and delete files to remove. One that is not live any more is a conflict.</summary>
    public IReadOnlyList<string> RemovedPaths { get; init; } = [];

    /// <summary>Removes every live file, whatever they are at the time of the commit (full replace).</summary>
    public bool RemoveAll { get; init; }

    /// <summary>True for compaction: rows do not change (operation <c>replace</c>).</summary>
    public bool KeepsRows { get; init; }

    /// <summary>Merges small manifests however few they are; otherwise they are merged once there are many (<c>commit.manifest.min-count-to-merge</c>).</summary>
    public bool MergesManifests { get; init; }

    /// <summary>
    /// The snapshot that the change was computed from; null: an empty table. When set with <see cref="ValidateNoConflicts"/>, any data or deletes
    /// that came after it, other than pure compaction, are a conflict: merges that looked up positions need this.
    /// </summary>
    public long? BaseSnapshotId { get; init; }

    public bool ValidateNoConflicts { get; init; }

    /// <summary>Extra entries of the snapshot summary.</summary>
    public IReadOnlyDictionary<string, string> Summary { get; init; } = new Dictionary<string, string>();

    /// <summary>Branch to commit to; created from the head of <c>main</c> when absent.</summary>
    public string Branch { get; init; } = "main";
}
