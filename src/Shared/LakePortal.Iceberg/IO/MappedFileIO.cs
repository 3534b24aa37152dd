using LakePortal.Iceberg.Catalog;

namespace LakePortal.Iceberg.IO;

/// <summary>An adopted table's files: every location that its metadata names is looked up where the table now lies. Cannot write.</summary>
internal sealed class MappedFileIO(IFileIO inner, IReadOnlyList<LocationMapping> mappings) : IFileIO
{
    public Task<ReadOnlyMemory<byte>> ReadAsync(string location, CancellationToken cancellationToken) => inner.ReadAsync(Map(location), cancellationToken);

    public Task<ReadOnlyMemory<byte>> ReadRangeAsync(string location, long offset, int length, CancellationToken cancellationToken) =>
        inner.ReadRangeAsync(Map(location), offset, length, cancellationToken);

    public Task CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw ReadOnly(location);

    public Task<bool> DeleteAsync(string location, CancellationToken cancellationToken) => throw ReadOnly(location);

    public Task<bool> ExistsAsync(string location, CancellationToken cancellationToken) => inner.ExistsAsync(Map(location), cancellationToken);

    public Task<long> LengthAsync(string location, CancellationToken cancellationToken) => inner.LengthAsync(Map(location), cancellationToken);

    public IAsyncEnumerable<LakeFile> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(Map(prefix), cancellationToken);

    public Task EnsureDirectoryAsync(string location, CancellationToken cancellationToken) => throw ReadOnly(location);

    public Task RemoveEmptyDirectoriesAsync(string location, CancellationToken cancellationToken) => throw ReadOnly(location);

    private static LakeFileException ReadOnly(string location) => new(location, "belongs to an adopted table and is never written");

    private string Map(string location) => Locations.Map(location, mappings);
}
