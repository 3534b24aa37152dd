namespace LakePortal.Iceberg.Catalog;

/// <summary>Table pointers in memory: for tests and for tools that live as long as their tables.</summary>
public sealed class InMemoryCatalogStore : ICatalogStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TableIdentifier, TablePointer> _pointers = [];

    public Task<TablePointer?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult(_pointers.GetValueOrDefault(identifier));
        }
    }

    public Task<IReadOnlyList<TablePointer>> ListAsync(string? ns, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<TablePointer>>(
            [
                .. _pointers.Values
                    .Where(p => ns is null || p.Identifier.Namespace == ns)
                    .OrderBy(p => p.Identifier.Namespace, StringComparer.Ordinal)
                    .ThenBy(p => p.Identifier.Name, StringComparer.Ordinal),
            ]);
        }
    }

    public Task<bool> TryCreateAsync(TablePointer pointer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pointer);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult(_pointers.TryAdd(pointer.Identifier, pointer));
        }
    }

    public Task<bool> TrySwapAsync(TablePointer expected, string metadataLocation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (!_pointers.TryGetValue(expected.Identifier, out var pointer)
                || (pointer.TableUuid, pointer.Version, pointer.MetadataLocation) != (expected.TableUuid, expected.Version, expected.MetadataLocation))
            {
                return Task.FromResult(false);
            }

            _pointers[expected.Identifier] = pointer with { MetadataLocation = metadataLocation, Version = pointer.Version + 1 };
            return Task.FromResult(true);
        }
    }

    public Task<bool> DropAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult(_pointers.Remove(identifier));
        }
    }
}
