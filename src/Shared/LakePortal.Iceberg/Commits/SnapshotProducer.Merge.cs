using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

internal sealed partial class SnapshotProducer
{
    /// <summary>
    /// Packs the small manifests of earlier commits together once there are many, so that planning a scan does not open one file per commit ever
    /// made. Rows that a version 1 writer left incomplete are completed.
    /// </summary>
    private async Task<List<ManifestFile>> MergeAsync(List<ManifestFile> carried, TableMetadata current, CancellationToken cancellationToken)
    {
        var result = new List<ManifestFile>();
        foreach (var manifest in carried)
        {
            result.Add(await CompleteAsync(manifest, current, cancellationToken).ConfigureAwait(false));
        }

        if (!change.MergesManifests && !CommitProperties.Flag(current.Properties, CommitProperties.ManifestMergeEnabled, true))
        {
            return result;
        }

        var minCount = change.MergesManifests ? 2 : Math.Max(2, CommitProperties.Int(current.Properties, CommitProperties.ManifestMinCountToMerge, 100));
        var target = CommitProperties.Int(current.Properties, CommitProperties.ManifestTargetSize, 8 * 1024 * 1024);
        foreach (var group in result.Where(m => m.Length < target / 2).GroupBy(m => (m.Content, m.SpecId)).Where(g => g.Count() >= minCount).ToList())
        {
            foreach (var bin in Pack(group, target).Where(b => b.Count > 1))
            {
                var merged = await MergeBinAsync(bin, current, cancellationToken).ConfigureAwait(false);
                var at = result.IndexOf(bin[0]);
                result.RemoveAll(bin.Contains);
                result.Insert(Math.Min(at, result.Count), merged);
            }
        }

        return result;
    }

    private static IEnumerable<List<ManifestFile>> Pack(IEnumerable<ManifestFile> manifests, long target)
    {
        var bin = new List<ManifestFile>();
        long size = 0;
        foreach (var manifest in manifests)
        {
            if (bin.Count > 0 && size + manifest.Length > target)
            {
                yield return bin;
                bin = [];
                size = 0;
            }

            bin.Add(manifest);
            size += manifest.Length;
        }

        yield return bin;
    }

    private async Task<ManifestFile> MergeBinAsync(List<ManifestFile> bin, TableMetadata current, CancellationToken cancellationToken)
    {
        var key = "merge " + string.Join('\n', bin.Select(m => m.Path));
        if (!_derived.TryGetValue(key, out var row))
        {
            var entries = (await reader.EntriesAsync(bin, current, cancellationToken).ConfigureAwait(false))
                .SelectMany(e => e)
                .Where(e => e.IsLive)
                .Select(e => e with { Status = EntryStatus.Existing })
                .ToList();
            row = await WriteManifestAsync(current, bin[0].SpecId, bin[0].Content, entries, cancellationToken).ConfigureAwait(false);
            _derived[key] = row;
        }

        return row;
    }

    private async Task<ManifestFile> CompleteAsync(ManifestFile manifest, TableMetadata current, CancellationToken cancellationToken)
    {
        if (manifest is { AddedSnapshotId: not null, AddedFiles: not null, ExistingFiles: not null, DeletedFiles: not null, AddedRows: not null, ExistingRows: not null, DeletedRows: not null })
        {
            return manifest;
        }

        var entries = await reader.EntriesAsync(manifest, current, cancellationToken).ConfigureAwait(false);
        int Files(EntryStatus status) => entries.Count(e => e.Status == status);
        long Rows(EntryStatus status) => entries.Where(e => e.Status == status).Sum(e => e.File.RecordCount);
        return manifest with
        {
            AddedSnapshotId = manifest.AddedSnapshotId ?? entries.Select(e => e.SnapshotId).FirstOrDefault(s => s is not null) ?? 0,
            AddedFiles = Files(EntryStatus.Added),
            ExistingFiles = Files(EntryStatus.Existing),
            DeletedFiles = Files(EntryStatus.Deleted),
            AddedRows = Rows(EntryStatus.Added),
            ExistingRows = Rows(EntryStatus.Existing),
            DeletedRows = Rows(EntryStatus.Deleted),
        };
    }
}
