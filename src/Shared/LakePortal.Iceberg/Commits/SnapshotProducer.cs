using System.Globalization;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>
/// Makes a snapshot of a <see cref="SnapshotChange"/>. Manifests with the added files are written once and used by every attempt; rewritten and
/// merged ones are used again while the manifests they were made from are still there. Only the manifest list is new each time.
/// </summary>
internal sealed partial class SnapshotProducer(TableIdentifier identifier, SnapshotChange change, IFileIO io, SnapshotReader reader) : IMetadataChange
{
    private const int EntriesPerManifest = 20_000;

    private readonly string _fileId = Guid.NewGuid().ToString();
    private readonly List<string> _written = [];
    private readonly Dictionary<string, ManifestFile> _derived = new(StringComparer.Ordinal);
    private long _snapshotId = NewSnapshotId();
    private List<ManifestFile>? _added;
    private int _manifestNumber;
    private int _attempt;
    private (string List, HashSet<string> Manifests)? _last;

    public async Task<TableMetadata> ApplyAsync(TableMetadata current, DateTimeOffset now, CancellationToken cancellationToken)
    {
        CheckChange(current);
        if (_added is null)
        {
            while (current.FindSnapshot(_snapshotId) is not null)
            {
                _snapshotId = NewSnapshotId();
            }
        }

        var head = Head(current);
        var sequence = current.LastSequenceNumber + 1;
        var live = new LiveFiles(await reader.ManifestsAsync(head, cancellationToken).ConfigureAwait(false), current, reader);
        ValidateHistory(current, head);
        var removal = await PlanRemovalAsync(live, current, cancellationToken).ConfigureAwait(false);
        await ValidateTargetsAsync(live, removal, cancellationToken).ConfigureAwait(false);
        await ValidateCompactionAsync(live, removal, current, cancellationToken).ConfigureAwait(false);

        _added ??= await WriteAddedAsync(current, cancellationToken).ConfigureAwait(false);
        var rewritten = await RewriteAsync(removal, current, cancellationToken).ConfigureAwait(false);
        var carried = live.Manifests.Where(m => m.MayHaveLiveFiles && !removal.Manifests.ContainsKey(m)).ToList();
        carried = await MergeAsync(carried, current, cancellationToken).ConfigureAwait(false);

        var manifests = _added.Concat(rewritten).Concat(carried).Select(m => m.Assign(sequence)).ToList();
        var list = MetadataFiles.InMetadata(current.Location, string.Create(CultureInfo.InvariantCulture, $"snap-{_snapshotId}-{++_attempt}-{_fileId}.avro"));
        _written.Add(list);
        await io.CreateAsync(list, ManifestListWriter.Write(_snapshotId, head?.SnapshotId, sequence, manifests), cancellationToken).ConfigureAwait(false);
        _last = (list, manifests.Select(m => m.Path).ToHashSet(StringComparer.Ordinal));

        var removed = removal.Manifests.Values.SelectMany(r => r).Select(e => e.File).ToList();
        var added = change.AddedFiles.Concat(change.AddedDeletes).ToList();
        var snapshot = new Snapshot(
            _snapshotId, head?.SnapshotId, sequence, now, list, SnapshotSummary.Build(Operation(removed.Count), head, added, removed, change.Summary), current.CurrentSchemaId);
        return SnapshotRefs.WithSnapshot(current, snapshot, change.Branch, now);
    }

    public IReadOnlyList<string> Unused(TableMetadata? committed)
    {
        if (committed is null || _last is not { } last)
        {
            return _written;
        }

        return [.. _written.Where(f => f != last.List && !last.Manifests.Contains(f))];
    }

    /// <summary>A version 4 uuid folded to 63 bits, as Java does.</summary>
    private static long NewSnapshotId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.NewGuid().TryWriteBytes(bytes, bigEndian: true, out _);
        return (BitConverter.ToInt64(bytes) ^ BitConverter.ToInt64(bytes[8..])) & long.MaxValue;
    }

    private Snapshot? Head(TableMetadata current)
    {
        if (!current.Refs.TryGetValue(change.Branch, out var reference))
        {
            return current.CurrentSnapshot;
        }

        return !reference.IsTag
            ? current.FindSnapshot(reference.SnapshotId) ?? throw new InvalidMetadataException("table metadata", $"the head of branch '{change.Branch}' is missing")
            : throw new InvalidChangeException($"'{change.Branch}' is a tag, not a branch");
    }

    private string Operation(int removed) =>
        change.KeepsRows ? "replace"
        : removed == 0 && change.AddedDeletes.Count == 0 && !change.RemoveAll ? "append"
        : change.AddedFiles.Count == 0 ? "delete"
        : "overwrite";

    private async Task<List<ManifestFile>> WriteAddedAsync(TableMetadata current, CancellationToken cancellationToken)
    {
        var manifests = new List<ManifestFile>();
        foreach (var (content, files) in new[] { (ManifestContent.Data, change.AddedFiles), (ManifestContent.Deletes, change.AddedDeletes) })
        {
            foreach (var group in files.GroupBy(f => f.SpecId))
            {
                foreach (var chunk in group.Chunk(EntriesPerManifest))
                {
                    var entries = chunk.Select(f => new ManifestEntry(EntryStatus.Added, _snapshotId, f with { FileSequenceNumber = null })).ToList();
                    manifests.Add(await WriteManifestAsync(current, group.Key, content, entries, cancellationToken).ConfigureAwait(false));
                }
            }
        }

        return manifests;
    }

    /// <summary>Manifests that lose files: the remaining entries, and the removed ones marked as deleted by this snapshot.</summary>
    private async Task<List<ManifestFile>> RewriteAsync(Removal removal, TableMetadata current, CancellationToken cancellationToken)
    {
        var result = new List<ManifestFile>();
        foreach (var (manifest, removed) in removal.Manifests)
        {
            var gone = removed.Select(e => e.File.Path).ToHashSet(StringComparer.Ordinal);
            var key = $"rewrite {manifest.Path} {string.Join('\n', gone.Order(StringComparer.Ordinal))}";
            if (!_derived.TryGetValue(key, out var row))
            {
                var entries = (await reader.EntriesAsync(manifest, current, cancellationToken).ConfigureAwait(false))
                    .Where(e => e.IsLive)
                    .Select(e => gone.Contains(e.File.Path) ? e with { Status = EntryStatus.Deleted, SnapshotId = _snapshotId } : e with { Status = EntryStatus.Existing })
                    .ToList();
                row = await WriteManifestAsync(current, manifest.SpecId, manifest.Content, entries, cancellationToken).ConfigureAwait(false);
                _derived[key] = row;
            }

            result.Add(row);
        }

        return result;
    }

    private async Task<ManifestFile> WriteManifestAsync(
        TableMetadata current, int specId, ManifestContent content, IReadOnlyList<ManifestEntry> entries, CancellationToken cancellationToken)
    {
        var path = MetadataFiles.InMetadata(current.Location, string.Create(CultureInfo.InvariantCulture, $"{_fileId}-m{_manifestNumber++}.avro"));
        var (bytes, row) = ManifestWriter.Write(path, _snapshotId, current, specId, content, entries);
        _written.Add(path);
        await io.CreateAsync(path, bytes, cancellationToken).ConfigureAwait(false);
        return row;
    }
}
