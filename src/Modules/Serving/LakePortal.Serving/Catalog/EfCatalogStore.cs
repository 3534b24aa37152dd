using System.Text.Json;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Serving.Storage;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Serving.Catalog;

/// <summary>
/// Table pointers in the control database. The swap is one UPDATE that names the uuid, version and location it expects, so the database itself decides
/// which of two commits wins; no transaction spans more than that statement.
/// </summary>
internal sealed class EfCatalogStore(IDbContextFactory<ServingDbContext> databases) : ICatalogStore
{
    public async Task<TablePointer?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.CatalogTables.AsNoTracking()
            .SingleOrDefaultAsync(t => t.Namespace == identifier.Namespace && t.Name == identifier.Name, cancellationToken);
        return row is null ? null : ToPointer(row);
    }

    public async Task<IReadOnlyList<TablePointer>> ListAsync(string? ns, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.CatalogTables.AsNoTracking()
            .Where(t => ns == null || t.Namespace == ns)
            .ToListAsync(cancellationToken);

        // Ordered here: the order of texts in PostgreSQL depends on the database's collation.
        return [.. rows.OrderBy(t => t.Namespace, StringComparer.Ordinal).ThenBy(t => t.Name, StringComparer.Ordinal).Select(ToPointer)];
    }

    public async Task<bool> TryCreateAsync(TablePointer pointer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pointer);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        database.Add(new CatalogTableRow
        {
            Namespace = pointer.Identifier.Namespace,
            Name = pointer.Identifier.Name,
            TableUuid = pointer.TableUuid,
            MetadataLocation = pointer.MetadataLocation,
            Version = pointer.Version,
            ReadOnly = pointer.ReadOnly,
            LocationMap = pointer.LocationMap is { Count: > 0 } map ? JsonSerializer.Serialize(map) : null,
        });
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException)
        {
            // The key is the only constraint: when the row is there now, somebody else was faster; any other failure is a failure.
            if (await FindAsync(pointer.Identifier, cancellationToken) is not null)
            {
                return false;
            }

            throw;
        }
    }

    public async Task<bool> TrySwapAsync(TablePointer expected, string metadataLocation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        var (identifier, uuid, location, version) = (expected.Identifier, expected.TableUuid, expected.MetadataLocation, expected.Version);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var changed = await database.CatalogTables
            .Where(t => t.Namespace == identifier.Namespace && t.Name == identifier.Name
                && t.TableUuid == uuid && t.Version == version && t.MetadataLocation == location)
            .ExecuteUpdateAsync(
                u => u.SetProperty(t => t.MetadataLocation, metadataLocation).SetProperty(t => t.Version, version + 1),
                cancellationToken);
        return changed == 1;
    }

    public async Task<bool> DropAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.CatalogTables
            .Where(t => t.Namespace == identifier.Namespace && t.Name == identifier.Name)
            .ExecuteDeleteAsync(cancellationToken) == 1;
    }

    private static TablePointer ToPointer(CatalogTableRow row) => new(
        new TableIdentifier(row.Namespace, row.Name),
        row.TableUuid,
        row.MetadataLocation,
        row.Version,
        row.ReadOnly,
        row.LocationMap is null ? null : JsonSerializer.Deserialize<List<LocationMapping>>(row.LocationMap));
}
