using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Manifests;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg;

internal sealed class IcebergTable(CatalogContext context, TablePointer pointer, TableMetadata metadata) : Table
{
    private readonly SnapshotReader _reader = context.ReaderOf(pointer);

    public TablePointer Pointer { get; } = pointer;

    public override TableIdentifier Identifier => Pointer.Identifier;

    public override TableMetadata Metadata { get; } = metadata;

    public override string MetadataLocation => Pointer.MetadataLocation;

    public override bool IsReadOnly => Pointer.ReadOnly;

    public override IReadOnlyList<LocationMapping> LocationMap => Pointer.LocationMap ?? [];

    public override string ResolveLocation(string location) => Locations.ToLocalPath(Locations.Map(location, Pointer.LocationMap));

    public override Task<ScanPlan> PlanScanAsync(SnapshotSelector selector, Predicate? predicate, CancellationToken cancellationToken) =>
        new ScanPlanner(Metadata, _reader).PlanAsync(selector, predicate, cancellationToken);

    public override Task<IReadOnlyList<ContentFile>> ListFilesAsync(SnapshotSelector selector, CancellationToken cancellationToken) =>
        new ScanPlanner(Metadata, _reader).ListFilesAsync(selector, cancellationToken);

    public override async Task<IReadOnlyList<long>> ReadDeletionVectorAsync(ContentFile file, CancellationToken cancellationToken)
    {
        if (!DeleteIndex.IsDeletionVector(file) || file.ContentOffset is not { } offset || file.ContentSizeInBytes is not { } size || size > int.MaxValue)
        {
            throw new InvalidMetadataException("deletion vector", $"'{file.Path}' is none, or its place in the file is not given");
        }

        var blob = await context.FilesOf(Pointer).ReadRangeAsync(file.Path, offset, (int)size, cancellationToken).ConfigureAwait(false);
        var positions = DeletionVector.Decode(blob.Span);
        return positions.Count == file.RecordCount
            ? positions
            : throw new InvalidMetadataException("deletion vector", $"'{file.Path}' holds {positions.Count} positions instead of {file.RecordCount}");
    }

    public override async Task<Table> CommitAsync(SnapshotChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return await new CommitRunner(context).RunAsync(this, new SnapshotProducer(Identifier, change, context.IO, _reader), cancellationToken).ConfigureAwait(false);
    }

    public override Task<Table> UpdateSchemaAsync(Action<ISchemaUpdate> update, CancellationToken cancellationToken) =>
        ChangeAsync(
            (current, _) =>
            {
                var builder = new SchemaUpdate(current);
                update(builder);
                return builder.Apply();
            },
            cancellationToken);

    public override Task<Table> UpdatePropertiesAsync(IReadOnlyDictionary<string, string?> properties, CancellationToken cancellationToken) =>
        ChangeAsync((current, _) => PropertyUpdate.Apply(current, properties), cancellationToken);

    public override Task<Table> UpdateRefsAsync(Action<IRefUpdate> update, CancellationToken cancellationToken) =>
        ChangeAsync(
            (current, now) =>
            {
                var builder = new RefUpdate(Identifier, current, now);
                update(builder);
                return builder.Result;
            },
            cancellationToken);

    public override Task<Table> RemoveSnapshotsAsync(Func<TableMetadata, (IReadOnlySet<long> Snapshots, IReadOnlySet<string> Refs)> choose, CancellationToken cancellationToken) =>
        ChangeAsync(
            (current, _) =>
            {
                var (snapshots, refs) = choose(current);
                return SnapshotRemoval.Apply(current, snapshots, refs);
            },
            cancellationToken);

    public override async Task<IReadOnlyList<string>> ListFilesOfAsync(IReadOnlyCollection<long> snapshots, CancellationToken cancellationToken)
    {
        var wanted = snapshots.ToHashSet();
        var files = new HashSet<string>(StringComparer.Ordinal);
        var manifests = new Dictionary<string, ManifestFile>(StringComparer.Ordinal);
        foreach (var snapshot in Metadata.Snapshots.Where(s => wanted.Contains(s.SnapshotId)))
        {
            if (snapshot.Manifests is null)
            {
                _ = files.Add(snapshot.ManifestList);
            }

            foreach (var manifest in await _reader.ManifestsAsync(snapshot, cancellationToken).ConfigureAwait(false))
            {
                _ = manifests.TryAdd(manifest.Path, manifest);
            }
        }

        var entries = await _reader.EntriesAsync([.. manifests.Values], Metadata, cancellationToken).ConfigureAwait(false);
        return [.. files.Concat(manifests.Keys).Concat(entries.SelectMany(e => e).Where(e => e.IsLive).Select(e => e.File.Path)).Distinct(StringComparer.Ordinal)];
    }

    public override async Task<Table> RefreshAsync(CancellationToken cancellationToken)
    {
        var pointer = await context.Store.FindAsync(Identifier, cancellationToken).ConfigureAwait(false) ?? throw new TableNotFoundException(Identifier);
        return await context.OpenAsync(pointer, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Table> ChangeAsync(Func<TableMetadata, DateTimeOffset, TableMetadata> apply, CancellationToken cancellationToken) =>
        await new CommitRunner(context).RunAsync(this, new MetadataChange(apply), cancellationToken).ConfigureAwait(false);
}
