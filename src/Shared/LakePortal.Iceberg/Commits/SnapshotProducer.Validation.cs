using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

internal sealed partial class SnapshotProducer
{
    private void CheckChange(TableMetadata current)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in change.AddedFiles.Concat(change.AddedDeletes))
        {
            var spec = current.PartitionSpecs.FirstOrDefault(s => s.SpecId == file.SpecId)
                ?? throw new InvalidChangeException($"'{file.Path}' has the partition spec {file.SpecId}, which the table does not have");
            if (file.Partition.Count != spec.Fields.Count)
            {
                throw new InvalidChangeException($"'{file.Path}' has {file.Partition.Count} partition values instead of {spec.Fields.Count}");
            }

            if (spec.Fields.FirstOrDefault(f => !Values.Transforms.IsKnown(f.Transform)) is { } unknown)
            {
                throw new InvalidTableDefinitionException($"the partition transform '{unknown.Transform}' is not known and cannot be written");
            }

            if (!paths.Add(file.Path))
            {
                throw new InvalidChangeException($"'{file.Path}' is added twice");
            }

            if (file.DataSequenceNumber is not null && !change.KeepsRows)
            {
                throw new InvalidChangeException($"'{file.Path}' has a sequence number already; only a compaction may keep one");
            }
        }

        if (change.AddedFiles.FirstOrDefault(f => f.Content != FileContent.Data) is { } notData)
        {
            throw new InvalidChangeException($"'{notData.Path}' is added as data but holds deletes");
        }

        if (change.AddedDeletes.FirstOrDefault(f => f.Content == FileContent.Data || DeleteIndex.IsDeletionVector(f)) is { } notDelete)
        {
            throw new InvalidChangeException($"'{notDelete.Path}' is added as deletes but holds data or a deletion vector");
        }

        if (change.RemovedPaths.FirstOrDefault(paths.Contains) is { } both)
        {
            throw new InvalidChangeException($"'{both}' is both added and removed");
        }

        if (change.RemoveAll && change.RemovedPaths.Count > 0)
        {
            throw new InvalidChangeException("all files and some files are removed at once");
        }

        if (change.KeepsRows && change is { RemovedPaths.Count: > 0, BaseSnapshotId: null })
        {
            throw new InvalidChangeException("a compaction must say which snapshot it was computed from");
        }
    }

    private void ValidateHistory(TableMetadata current, Snapshot? head)
    {
        if (!change.ValidateNoConflicts || head?.SnapshotId == change.BaseSnapshotId)
        {
            return;
        }

        var between = new List<Snapshot>();
        for (var snapshot = head; snapshot?.SnapshotId != change.BaseSnapshotId;)
        {
            if (snapshot is null)
            {
                throw Conflict($"the snapshot {change.BaseSnapshotId} that it was computed from is not part of the history of '{change.Branch}' any more");
            }

            between.Add(snapshot);
            snapshot = snapshot.ParentSnapshotId is { } parent ? current.FindSnapshot(parent) : null;
        }

        if (between.Find(s => s.Operation != "replace") is { } other)
        {
            throw Conflict($"snapshot {other.SnapshotId} ({other.Operation}) came in between");
        }

        // A compaction moved rows; deletes that may be about any file of a partition might be about files that are gone.
        if (between.Count > 0 && change.AddedDeletes.Any(d => d.Content == FileContent.PositionDeletes && DeleteIndex.TargetOf(d) is null))
        {
            throw Conflict("a compaction moved rows whose positions it deletes");
        }
    }

    private async Task<Removal> PlanRemovalAsync(LiveFiles live, TableMetadata current, CancellationToken cancellationToken)
    {
        var manifests = new Dictionary<ManifestFile, IReadOnlyList<ManifestEntry>>();
        if (!change.RemoveAll && change.RemovedPaths.Count == 0)
        {
            return new Removal(manifests);
        }

        var missing = change.RemovedPaths.ToHashSet(StringComparer.Ordinal);
        var removedData = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (manifest, entries) in await live.OfAsync(ManifestContent.Data, cancellationToken).ConfigureAwait(false))
        {
            var removed = entries.Where(e => change.RemoveAll || missing.Remove(e.File.Path)).ToList();
            Add(manifests, manifest, removed);
            removedData.UnionWith(removed.Select(e => e.File.Path));
        }

        foreach (var (manifest, entries) in await live.OfAsync(ManifestContent.Deletes, cancellationToken).ConfigureAwait(false))
        {
            // Deletes about nothing but a removed file have nothing left to delete.
            Add(manifests, manifest, [.. entries.Where(e =>
                change.RemoveAll || missing.Remove(e.File.Path) || (DeleteIndex.TargetOf(e.File) is { } target && removedData.Contains(target)))]);
        }

        return missing.Count == 0
            ? new Removal(manifests)
            : throw Conflict($"{missing.Count} of the files it removes are not live any more, such as '{missing.Order(StringComparer.Ordinal).First()}'");

        static void Add(Dictionary<ManifestFile, IReadOnlyList<ManifestEntry>> manifests, ManifestFile manifest, IReadOnlyList<ManifestEntry> removed)
        {
            if (removed.Count > 0)
            {
                manifests[manifest] = removed;
            }
        }
    }

    /// <summary>Position deletes must be about live files: a position in a file that was compacted away would delete nothing, and the row would come back.</summary>
    private async Task ValidateTargetsAsync(LiveFiles live, Removal removal, CancellationToken cancellationToken)
    {
        var targets = change.AddedDeletes.Select(DeleteIndex.TargetOf).Where(t => t is not null).Select(t => t!).ToHashSet(StringComparer.Ordinal);
        if (targets.Count == 0)
        {
            return;
        }

        targets.ExceptWith(change.AddedFiles.Select(f => f.Path));
        var removed = removal.DataFiles.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var (_, entries) in await live.OfAsync(ManifestContent.Data, cancellationToken).ConfigureAwait(false))
        {
            targets.ExceptWith(entries.Select(e => e.File.Path).Where(p => !removed.Contains(p)));
        }

        if (targets.Count > 0)
        {
            throw Conflict($"it deletes rows of '{targets.Order(StringComparer.Ordinal).First()}', which is not live any more");
        }
    }

    /// <summary>A compaction read its input at the base snapshot: deletes that came later are not in its output and would be lost.</summary>
    private async Task ValidateCompactionAsync(LiveFiles live, Removal removal, TableMetadata current, CancellationToken cancellationToken)
    {
        if (!change.KeepsRows || change.BaseSnapshotId is not { } baseId || !removal.DataFiles.Any())
        {
            return;
        }

        var @base = current.FindSnapshot(baseId) ?? throw Conflict($"the snapshot {baseId} that it was computed from has expired");
        var newer = (await live.OfAsync(ManifestContent.Deletes, cancellationToken).ConfigureAwait(false))
            .SelectMany(m => m.Live).Select(e => e.File).Where(f => f.DataSequenceNumber > @base.SequenceNumber).ToList();
        if (newer.Count == 0)
        {
            return;
        }

        var index = new DeleteIndex(newer, id => current.PartitionSpecs.First(s => s.SpecId == id).IsUnpartitioned);
        var keepsAge = change.AddedFiles.All(f => f.DataSequenceNumber is { } s && s <= @base.SequenceNumber);
        foreach (var file in removal.DataFiles)
        {
            // Equality deletes still hold on files that keep their age.
            if (index.For(file).Any(d => d.Content == FileContent.PositionDeletes || !keepsAge))
            {
                throw Conflict($"rows of '{file.Path}' were deleted meanwhile");
            }
        }
    }

    private CommitConflictException Conflict(string reason) => new(identifier, reason);
}
