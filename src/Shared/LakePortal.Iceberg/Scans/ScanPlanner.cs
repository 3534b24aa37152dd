using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Scans;

internal sealed class ScanPlanner(TableMetadata metadata, SnapshotReader reader)
{
    public async Task<ScanPlan> PlanAsync(SnapshotSelector selector, Predicate? predicate, CancellationToken cancellationToken)
    {
        var (snapshot, schema) = SnapshotSelection.Select(metadata, selector);
        var manifests = (await reader.ManifestsAsync(snapshot, cancellationToken).ConfigureAwait(false)).Where(m => m.MayHaveLiveFiles).ToList();
        var filters = Filters(predicate);
        var kept = manifests.Where(m => !filters.TryGetValue(m.SpecId, out var filter) || filter.MightMatch(m)).ToList();
        var entries = await reader.EntriesAsync(kept, metadata, cancellationToken).ConfigureAwait(false);

        var unpartitioned = metadata.PartitionSpecs.Where(s => s.IsUnpartitioned).Select(s => s.SpecId).ToHashSet();
        var live = entries.SelectMany(e => e).Where(e => e.IsLive).Select(e => e.File).ToList();
        var deletes = new DeleteIndex(live.Where(f => f.Content != FileContent.Data), unpartitioned.Contains);
        var metrics = predicate is null ? null : new MetricsFilter(predicate, schema);
        var data = live.Where(f => f.Content == FileContent.Data).ToList();
        var tasks = data
            .Where(f => (!filters.TryGetValue(f.SpecId, out var filter) || filter.MightMatch(f)) && metrics?.MightMatch(f) != false)
            .Select(f => new FileScanTask(f, deletes.For(f)))
            .ToList();
        return new ScanPlan(
            snapshot?.SnapshotId,
            schema,
            metadata.PartitionSpecs.ToDictionary(s => s.SpecId),
            tasks,
            metadata.Properties.TryGetValue(NameMappingJson.Property, out var mapping) ? NameMappingJson.Parse(mapping) : null,
            new ScanStatistics(
                manifests.Count,
                kept.Count,
                data.Count + manifests.Except(kept).Where(m => m.Content == ManifestContent.Data).Sum(m => (m.AddedFiles ?? 0) + (m.ExistingFiles ?? 0)),
                tasks.Count,
                tasks.Sum(t => t.File.FileSizeInBytes),
                tasks.Sum(t => t.File.RecordCount)));
    }

    public async Task<IReadOnlyList<ContentFile>> ListFilesAsync(SnapshotSelector selector, CancellationToken cancellationToken)
    {
        var (snapshot, _) = SnapshotSelection.Select(metadata, selector);
        var manifests = await reader.ManifestsAsync(snapshot, cancellationToken).ConfigureAwait(false);
        var entries = await reader.EntriesAsync([.. manifests.Where(m => m.MayHaveLiveFiles)], metadata, cancellationToken).ConfigureAwait(false);
        return [.. entries.SelectMany(e => e).Where(e => e.IsLive).Select(e => e.File)];
    }

    private Dictionary<int, PartitionFilter> Filters(Predicate? predicate) => predicate is null
        ? []
        : metadata.PartitionSpecs.Where(s => !s.IsUnpartitioned).ToDictionary(s => s.SpecId, s => new PartitionFilter(predicate, s, PartitionTypes.Of(metadata, s)));
}
