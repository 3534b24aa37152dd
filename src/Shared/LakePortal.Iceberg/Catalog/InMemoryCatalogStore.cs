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

    public Task<bool> TrySwapAsync(TableIdentifier identifier, long expectedVersion, string metadataLocation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (!_pointers.TryGetValue(identifier, out var pointer) || pointer.Version != expectedVersion)
            {
                return Task.FromResult(false);
            }

            _pointers[identifier] = pointer with { MetadataLocation = metadataLocation, Version = expectedVersion + 1 };
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
