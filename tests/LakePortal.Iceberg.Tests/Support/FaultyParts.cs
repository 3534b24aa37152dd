using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;

namespace LakePortal.Iceberg.Tests.Support;

/// <summary>A disk that fails at the n-th file created.</summary>
internal sealed class FaultyFileIO(IFileIO inner) : IFileIO
{
    private int _creations;

    public int FailAt { get; set; } = int.MaxValue;

    public Task<ReadOnlyMemory<byte>> ReadAsync(string location, CancellationToken cancellationToken) => inner.ReadAsync(location, cancellationToken);

    public Task<ReadOnlyMemory<byte>> ReadRangeAsync(string location, long offset, int length, CancellationToken cancellationToken) => inner.ReadRangeAsync(location, offset, length, cancellationToken);

    public Task CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        ++_creations == FailAt ? throw new LakeFileException(location, "cannot be written: no space left on device") : inner.CreateAsync(location, content, cancellationToken);

    public Task<bool> DeleteAsync(string location, CancellationToken cancellationToken) => inner.DeleteAsync(location, cancellationToken);

    public Task<bool> ExistsAsync(string location, CancellationToken cancellationToken) => inner.ExistsAsync(location, cancellationToken);

    public Task<long> LengthAsync(string location, CancellationToken cancellationToken) => inner.LengthAsync(location, cancellationToken);

    public IAsyncEnumerable<LakeFile> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    public Task EnsureDirectoryAsync(string location, CancellationToken cancellationToken) => inner.EnsureDirectoryAsync(location, cancellationToken);

    public Task RemoveEmptyDirectoriesAsync(string location, CancellationToken cancellationToken) => inner.RemoveEmptyDirectoriesAsync(location, cancellationToken);

    public void Reset() => _creations = 0;
}

/// <summary>A control database whose swaps can be made to fail before or after they took effect.</summary>
internal sealed class FaultyStore(ICatalogStore inner) : ICatalogStore
{
    public Func<Func<Task<bool>>, Task<bool>>? OnSwap { get; set; }

    public Func<Exception?>? OnFind { get; set; }

    public Task<TablePointer?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken) =>
        OnFind?.Invoke() is { } e ? Task.FromException<TablePointer?>(e) : inner.FindAsync(identifier, cancellationToken);

    public Task<IReadOnlyList<TablePointer>> ListAsync(string? ns, CancellationToken cancellationToken) => inner.ListAsync(ns, cancellationToken);

    public Task<bool> TryCreateAsync(TablePointer pointer, CancellationToken cancellationToken) => inner.TryCreateAsync(pointer, cancellationToken);

    public Task<bool> TrySwapAsync(TablePointer expected, string metadataLocation, CancellationToken cancellationToken)
    {
        Task<bool> Swap() => inner.TrySwapAsync(expected, metadataLocation, cancellationToken);
        return OnSwap is { } intercept ? intercept(Swap) : Swap();
    }

    public Task<bool> DropAsync(TableIdentifier identifier, CancellationToken cancellationToken) => inner.DropAsync(identifier, cancellationToken);
}
