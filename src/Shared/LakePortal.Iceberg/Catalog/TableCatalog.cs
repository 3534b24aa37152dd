using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Tables;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LakePortal.Iceberg.Catalog;

/// <summary>The tables below one warehouse. One instance per process and warehouse: its tables share caches and a commit queue.</summary>
public sealed class TableCatalog : ITableCatalog
{
    private readonly CatalogContext _context;
    private readonly string _warehouse;

    /// <param name="store">Pointers to the tables.</param>
    /// <param name="io">Files of the lake.</param>
    /// <param name="warehouse">Root location or absolute path.</param>
    /// <param name="time">Clock of the commits.</param>
    /// <param name="logger">Files left behind and failed swaps are told here.</param>
    public TableCatalog(ICatalogStore store, IFileIO io, string warehouse, TimeProvider time, ILogger<TableCatalog>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(warehouse);
        _context = new CatalogContext(store, io, time, logger ?? NullLogger<TableCatalog>.Instance);
        _warehouse = warehouse.Contains("://", StringComparison.Ordinal) ? warehouse.TrimEnd('/') : Locations.FromLocalPath(warehouse).TrimEnd('/');
    }

    public async Task<Table> LoadAsync(TableIdentifier identifier, CancellationToken cancellationToken) =>
        await FindAsync(identifier, cancellationToken).ConfigureAwait(false) ?? throw new TableNotFoundException(identifier);

    public async Task<Table?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        var pointer = await _context.Store.FindAsync(identifier, cancellationToken).ConfigureAwait(false);
        return pointer is null ? null : await _context.OpenAsync(pointer, cancellationToken).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<TableIdentifier>> ListAsync(string? ns, CancellationToken cancellationToken) =>
        [.. (await _context.Store.ListAsync(ns, cancellationToken).ConfigureAwait(false)).Select(p => p.Identifier)];

    public async Task<Table> CreateAsync(CreateTable create, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(create);
        TableNames.Check(create.Identifier);
        await CheckFreeAsync(create.Identifier, cancellationToken).ConfigureAwait(false);

        var location = await FreeLocationAsync(create.Identifier, cancellationToken).ConfigureAwait(false);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_context.Time.GetUtcNow().ToUnixTimeMilliseconds());
        var metadata = NewTable.Build(create, location, now);
        CommitProperties.Check(metadata.Properties);
        var gzip = metadata.Properties.GetValueOrDefault(CommitProperties.MetadataCompression) == "gzip";
        var metadataLocation = MetadataFiles.Next(location, null, gzip);
        await _context.IO.CreateAsync(metadataLocation, TableMetadataJson.Write(metadata, gzip), cancellationToken).ConfigureAwait(false);
        await _context.IO.EnsureDirectoryAsync(Locations.Join(location, "data"), cancellationToken).ConfigureAwait(false);

        var pointer = new TablePointer(create.Identifier, metadata.TableUuid, metadataLocation, 0);
        if (await _context.Store.TryCreateAsync(pointer, cancellationToken).ConfigureAwait(false))
        {
            return _context.Opened(pointer, metadata);
        }

        await _context.RemoveAsync([metadataLocation]).ConfigureAwait(false);
        await _context.IO.RemoveEmptyDirectoriesAsync(location, CancellationToken.None).ConfigureAwait(false);
        throw new TableExistsException(create.Identifier);
    }

    public async Task<Table> RegisterAsync(
        TableIdentifier identifier, string metadataLocation, IReadOnlyList<LocationMapping> locationMap, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(metadataLocation);
        ArgumentNullException.ThrowIfNull(locationMap);
        TableNames.Check(identifier);
        if (locationMap.FirstOrDefault(m => m.From.Length == 0 || m.To.Length == 0) is not null)
        {
            throw new InvalidTableDefinitionException("a mapping of locations needs both a prefix to replace and its replacement");
        }

        await CheckFreeAsync(identifier, cancellationToken).ConfigureAwait(false);

        var pointer = new TablePointer(identifier, Guid.Empty, metadataLocation, 0, ReadOnly: true, locationMap.Count > 0 ? locationMap : null);
        var metadata = TableMetadataJson.Read(await _context.FilesOf(pointer).ReadAsync(metadataLocation, cancellationToken).ConfigureAwait(false));

        // Version 1 tables may have no uuid of their own.
        pointer = pointer with { TableUuid = metadata.TableUuid == Guid.Empty ? Guid.NewGuid() : metadata.TableUuid };
        var table = new IcebergTable(_context, pointer, metadata);
        await CheckReadableAsync(table, cancellationToken).ConfigureAwait(false);
        return await _context.Store.TryCreateAsync(pointer, cancellationToken).ConfigureAwait(false)
            ? _context.Opened(pointer, metadata)
            : throw new TableExistsException(identifier);
    }

    /// <summary>In SQL a name is the same in any case, so two tables must not differ by that alone.</summary>
    private async Task CheckFreeAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        foreach (var pointer in await _context.Store.ListAsync(null, cancellationToken).ConfigureAwait(false))
        {
            var other = pointer.Identifier;
            if (other == identifier)
            {
                throw new TableExistsException(identifier);
            }

            if (string.Equals(other.Namespace, identifier.Namespace, StringComparison.OrdinalIgnoreCase)
                && (other.Namespace != identifier.Namespace || string.Equals(other.Name, identifier.Name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new NameDiffersByCaseException(identifier, other);
            }
        }
    }

    public async Task<bool> DropAsync(TableIdentifier identifier, bool purge, CancellationToken cancellationToken)
    {
        using var held = await _context.Locks.AcquireAsync(identifier, cancellationToken).ConfigureAwait(false);
        var pointer = await _context.Store.FindAsync(identifier, cancellationToken).ConfigureAwait(false);
        if (pointer is null)
        {
            return false;
        }

        // The location must be known before the pointer is gone; a table whose metadata is damaged can still be forgotten.
        var location = purge && !pointer.ReadOnly ? (await _context.OpenAsync(pointer, cancellationToken).ConfigureAwait(false)).Metadata.Location : null;
        var dropped = await _context.Store.DropAsync(identifier, cancellationToken).ConfigureAwait(false);
        _context.Forget(identifier);
        if (dropped && location is not null)
        {
            await PurgeAsync(location).ConfigureAwait(false);
        }

        return dropped;
    }

    /// <summary>Adopting with a mapping that does not fit should fail now, not at the first query.</summary>
    private async Task CheckReadableAsync(IcebergTable table, CancellationToken cancellationToken)
    {
        try
        {
            var files = await table.ListFilesAsync(Scans.SnapshotSelector.Current, cancellationToken).ConfigureAwait(false);
            if (files.Count > 0 && !await _context.FilesOf(table.Pointer).ExistsAsync(files[0].Path, cancellationToken).ConfigureAwait(false))
            {
                throw new LakeFileException(files[0].Path, $"is expected at '{table.ResolveLocation(files[0].Path)}' and missing there",
                    hint: "Give the table's newest metadata file: files that only older ones name may have been removed since.");
            }
        }
        catch (LakeFileException e) when (FittingMap(table, e.Location) is { } map)
        {
            throw new UnmappedLocationException(e.Location, e.Reason, map, e);
        }
    }

    /// <summary>From where the table believes to be to where its metadata file lies; null when that is the same place, or not where the missing file was sought.</summary>
    private static string? FittingMap(IcebergTable table, string missing)
    {
        var root = Path.GetDirectoryName(Path.GetDirectoryName(table.ResolveLocation(table.MetadataLocation)));
        var from = table.Metadata.Location.TrimEnd('/') + "/";
        return root is null || Locations.Map(missing, [new LocationMapping(from, "/")]) == missing || Locations.Map(from, table.LocationMap) is var here
            && (here.TrimEnd('/') == root || here.TrimEnd('/') == Locations.FromLocalPath(root))
            ? null
            : $"{from}={root.TrimEnd('/')}/";
    }

    private async Task PurgeAsync(string location)
    {
        // Only what lies in the table's own directory of this warehouse: a location set by others may point anywhere.
        if (!location.StartsWith(_warehouse + "/", StringComparison.Ordinal))
        {
            return;
        }

        var files = new List<string>();
        await foreach (var file in _context.IO.ListAsync(location, CancellationToken.None).ConfigureAwait(false))
        {
            files.Add(file.Location);
        }

        await _context.RemoveAsync(files).ConfigureAwait(false);
        await _context.IO.RemoveEmptyDirectoriesAsync(location, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task<string> FreeLocationAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        var plain = Locations.Join(Locations.Join(_warehouse, TableNames.Directory(identifier.Namespace)), TableNames.Directory(identifier.Name));

        // A dropped table may have left its files; mixing two tables in one directory would endanger both.
        return await _context.IO.ExistsAsync(plain, cancellationToken).ConfigureAwait(false) ? $"{plain}-{Guid.NewGuid().ToString("N")[..8]}" : plain;
    }
}
