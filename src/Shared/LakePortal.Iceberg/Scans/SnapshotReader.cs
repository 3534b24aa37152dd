using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Scans;

/// <summary>Reads the manifests of a table's snapshots.</summary>
/// <param name="io">The table's files.</param>
/// <param name="cache">Shared by all tables.</param>
/// <param name="scope">Keeps apart the cached files of adopted tables, whose locations may be relative and thus alike.</param>
internal sealed class SnapshotReader(IFileIO io, ManifestCache cache, string scope)
{
    private static readonly int Parallelism = Math.Clamp(Environment.ProcessorCount * 2, 4, 16);

    public Task<IReadOnlyList<ManifestFile>> ManifestsAsync(Snapshot? snapshot, CancellationToken cancellationToken)
    {
        if (snapshot is null)
        {
            return Task.FromResult<IReadOnlyList<ManifestFile>>([]);
        }

        return snapshot.Manifests is { } paths
            ? ManifestsWithoutListAsync(paths, cancellationToken)
            : cache.ListAsync(scope + snapshot.ManifestList, async () =>
                ManifestListReader.Read((await io.ReadAsync(snapshot.ManifestList, cancellationToken).ConfigureAwait(false)).Span));
    }

    /// <summary>All entries of a manifest, deleted ones included.</summary>
    public Task<IReadOnlyList<ManifestEntry>> EntriesAsync(ManifestFile manifest, TableMetadata metadata, CancellationToken cancellationToken) =>
        cache.EntriesAsync(scope + manifest.Path, async () =>
            ManifestReader.Read((await io.ReadAsync(manifest.Path, cancellationToken).ConfigureAwait(false)).Span, manifest, metadata));

    /// <summary>Entries by manifest, in the order of the manifests, read concurrently.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<ManifestEntry>>> EntriesAsync(
        IReadOnlyList<ManifestFile> manifests, TableMetadata metadata, CancellationToken cancellationToken)
    {
        var results = new IReadOnlyList<ManifestEntry>[manifests.Count];
        await Parallel.ForAsync(0, manifests.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken }, async (i, token) =>
            results[i] = await EntriesAsync(manifests[i], metadata, token).ConfigureAwait(false)).ConfigureAwait(false);
        return results;
    }

    // Version 1 may list manifests in the metadata itself; what a list would say about them is unknown.
    private async Task<IReadOnlyList<ManifestFile>> ManifestsWithoutListAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var manifests = new List<ManifestFile>();
        foreach (var path in paths)
        {
            var bytes = await io.ReadAsync(path, cancellationToken).ConfigureAwait(false);
            manifests.Add(new ManifestFile { Path = path, Length = bytes.Length, SpecId = ManifestReader.SpecIdOf(bytes.Span) ?? 0 });
        }

        return manifests;
    }
}
