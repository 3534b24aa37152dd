using System.Collections.Concurrent;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using Microsoft.Extensions.Logging;

namespace LakePortal.Iceberg.Catalog;

/// <summary>What the tables of one catalog share.</summary>
internal sealed class CatalogContext(ICatalogStore store, IFileIO io, TimeProvider time, ILogger logger)
{
    // The newest version of each table: metadata files never change, so the location tells whether it still holds.
    private readonly ConcurrentDictionary<TableIdentifier, IcebergTable> _newest = new();

    public ICatalogStore Store { get; } = store;

    public IFileIO IO { get; } = io;

    public TimeProvider Time { get; } = time;

    public CommitLocks Locks { get; } = new();

    public ManifestCache Cache { get; } = new();

    public async Task<IcebergTable> OpenAsync(TablePointer pointer, CancellationToken cancellationToken)
    {
        if (_newest.TryGetValue(pointer.Identifier, out var known) && known.MetadataLocation == pointer.MetadataLocation && known.Pointer.TableUuid == pointer.TableUuid)
        {
            // Record equality would compare the location maps by reference, and a store makes a new list each time.
            return known.Pointer.Version == pointer.Version && known.Pointer.ReadOnly == pointer.ReadOnly ? known : Opened(pointer, known.Metadata);
        }

        var bytes = await FilesOf(pointer).ReadAsync(pointer.MetadataLocation, cancellationToken).ConfigureAwait(false);
        return Opened(pointer, TableMetadataJson.Read(bytes));
    }

    public IcebergTable Opened(TablePointer pointer, TableMetadata metadata)
    {
        var table = new IcebergTable(this, pointer, metadata);
        _newest[pointer.Identifier] = table;
        return table;
    }

    public void Forget(TableIdentifier identifier) => _newest.TryRemove(identifier, out _);

    public IFileIO FilesOf(TablePointer pointer) => pointer.LocationMap is { Count: > 0 } map ? new MappedFileIO(IO, map) : IO;

    public SnapshotReader ReaderOf(TablePointer pointer) =>
        new(FilesOf(pointer), Cache, pointer.LocationMap is { Count: > 0 } ? $"{pointer.TableUuid}|{pointer.MetadataLocation}|" : "");

    /// <summary>Removes files that nothing refers to. What cannot be removed is left to orphan removal: the outcome of a commit does not depend on it.</summary>
    public async Task RemoveAsync(IReadOnlyList<string> locations)
    {
        foreach (var location in locations)
        {
            try
            {
                await IO.DeleteAsync(location, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IcebergException or IOException or UnauthorizedAccessException)
            {
                IcebergLog.FileLeftBehind(logger, location, e);
            }
        }
    }

    public void LogSwapFailed(TableIdentifier identifier, Exception e) => IcebergLog.SwapFailed(logger, identifier.ToString(), e);
}
