using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Catalog;

/// <summary>
/// Where the pointers to the tables' current metadata live. One row per table with a version that each swap increments.
/// Implemented over the control database, and in memory for tests; both pass the same contract suite.
/// </summary>
public interface ICatalogStore
{
    Task<TablePointer?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken);

    /// <summary>All tables, or those of one namespace, ordered by identifier.</summary>
    Task<IReadOnlyList<TablePointer>> ListAsync(string? ns, CancellationToken cancellationToken);

    /// <returns>False when a table of that name exists.</returns>
    Task<bool> TryCreateAsync(TablePointer pointer, CancellationToken cancellationToken);

    /// <summary>
    /// The commit: sets the metadata location and counts the version up, if and only if uuid, version and metadata location are still the expected
    /// ones. The version alone would not do: a table that was dropped and created again counts from the start.
    /// </summary>
    /// <returns>False when another commit was faster, or the table is gone or another one.</returns>
    Task<bool> TrySwapAsync(TablePointer expected, string metadataLocation, CancellationToken cancellationToken);

    /// <returns>False when there was none.</returns>
    Task<bool> DropAsync(TableIdentifier identifier, CancellationToken cancellationToken);
}

/// <param name="Identifier">Name.</param>
/// <param name="TableUuid">The table's uuid, which survives renames.</param>
/// <param name="MetadataLocation">Location of the current metadata file.</param>
/// <param name="Version">Number of swaps so far.</param>
/// <param name="ReadOnly">Adopted tables: commits are refused.</param>
/// <param name="LocationMap">Adopted tables: prefix rewriting for every path of the metadata (from → to), in order.</param>
public sealed record TablePointer(
    TableIdentifier Identifier,
    Guid TableUuid,
    string MetadataLocation,
    long Version,
    bool ReadOnly = false,
    IReadOnlyList<LocationMapping>? LocationMap = null);

public sealed record LocationMapping(string From, string To);

/// <summary>The lake's tables: load, create, adopt, drop. Commits go through <see cref="Table"/>.</summary>
public interface ITableCatalog
{
    /// <exception cref="TableNotFoundException">There is none.</exception>
    Task<Table> LoadAsync(TableIdentifier identifier, CancellationToken cancellationToken);

    Task<Table?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken);

    Task<IReadOnlyList<TableIdentifier>> ListAsync(string? ns, CancellationToken cancellationToken);

    /// <summary>Creates an empty table below the warehouse. Field ids of the given schema are assigned anew; identifier fields and partition sources are given by name.</summary>
    /// <exception cref="TableExistsException">The name is taken.</exception>
    Task<Table> CreateAsync(CreateTable create, CancellationToken cancellationToken);

    /// <summary>Adopts a table that others wrote, read-only.</summary>
    Task<Table> RegisterAsync(TableIdentifier identifier, string metadataLocation, IReadOnlyList<LocationMapping> locationMap, CancellationToken cancellationToken);

    /// <summary>Forgets the table; with <paramref name="purge"/> also removes its files (never those of an adopted table).</summary>
    Task<bool> DropAsync(TableIdentifier identifier, bool purge, CancellationToken cancellationToken);
}

/// <param name="Identifier">Name.</param>
/// <param name="Fields">Columns without ids.</param>
/// <param name="Key">Names of the identifier columns; may be empty.</param>
/// <param name="PartitionBy">Partition fields by source column name; may be empty.</param>
/// <param name="Properties">Table properties.</param>
public sealed record CreateTable(
    TableIdentifier Identifier,
    IReadOnlyList<NestedField> Fields,
    IReadOnlyList<string> Key,
    IReadOnlyList<PartitionBy> PartitionBy,
    IReadOnlyDictionary<string, string> Properties);

/// <summary>A partition field by name: <c>day(created_at)</c> is <c>new("created_at", new Transform("day"))</c>.</summary>
public sealed record PartitionBy(string Column, Transform Transform);
