using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>The live entries of the snapshot that a commit builds on; manifests are opened only when a check or a removal needs them.</summary>
internal sealed class LiveFiles(IReadOnlyList<ManifestFile> manifests, TableMetadata metadata, SnapshotReader reader)
{
    private readonly Dictionary<ManifestContent, IReadOnlyList<(ManifestFile Manifest, IReadOnlyList<ManifestEntry> Live)>> _read = [];

    public IReadOnlyList<ManifestFile> Manifests { get; } = manifests;

    public async Task<IReadOnlyList<(ManifestFile Manifest, IReadOnlyList<ManifestEntry> Live)>> OfAsync(ManifestContent content, CancellationToken cancellationToken)
    {
        if (!_read.TryGetValue(content, out var result))
        {
            var wanted = Manifests.Where(m => m.Content == content && m.MayHaveLiveFiles).ToList();
            var entries = await reader.EntriesAsync(wanted, metadata, cancellationToken).ConfigureAwait(false);
            result = [.. wanted.Zip(entries, (m, all) => (m, (IReadOnlyList<ManifestEntry>)[.. all.Where(e => e.IsLive)]))];
            _read[content] = result;
        }

        return result;
    }
}

/// <summary>What a commit removes, by the manifest it is in.</summary>
internal sealed record Removal(IReadOnlyDictionary<ManifestFile, IReadOnlyList<ManifestEntry>> Manifests)
{
    public IEnumerable<ContentFile> DataFiles => Manifests.Values.SelectMany(e => e).Select(e => e.File).Where(f => f.Content == FileContent.Data);
}
