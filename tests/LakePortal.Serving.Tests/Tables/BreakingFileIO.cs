using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;

namespace LakePortal.Serving.Tests.Tables;

/// <summary>A disk that refuses what it is told to refuse.</summary>
internal sealed class BreakingFileIO(IFileIO inner) : IFileIO
{
    private int _asked;

    /// <summary>Of the n-th creation, counted where it is asked for.</summary>
    public Func<int, string, bool> FailsToCreate { get; init; } = (_, _) => false;

    public Func<string, bool> FailsToDelete { get; init; } = _ => false;

    public Task<ReadOnlyMemory<byte>> ReadAsync(string location, CancellationToken cancellationToken) => inner.ReadAsync(location, cancellationToken);

    public Task<ReadOnlyMemory<byte>> ReadRangeAsync(string location, long offset, int length, CancellationToken cancellationToken) => inner.ReadRangeAsync(location, offset, length, cancellationToken);

    public Task CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        FailsToCreate(++_asked, location) ? throw new LakeFileException(location, "cannot be written: no space left on device") : inner.CreateAsync(location, content, cancellationToken);

    public Task<bool> DeleteAsync(string location, CancellationToken cancellationToken) =>
        FailsToDelete(location) ? throw new LakeFileException(location, "cannot be deleted: permission denied") : inner.DeleteAsync(location, cancellationToken);

    public Task<bool> ExistsAsync(string location, CancellationToken cancellationToken) => inner.ExistsAsync(location, cancellationToken);

    public Task<long> LengthAsync(string location, CancellationToken cancellationToken) => inner.LengthAsync(location, cancellationToken);

    public IAsyncEnumerable<LakeFile> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    public Task EnsureDirectoryAsync(string location, CancellationToken cancellationToken) => inner.EnsureDirectoryAsync(location, cancellationToken);

    public Task RemoveEmptyDirectoriesAsync(string location, CancellationToken cancellationToken) => inner.RemoveEmptyDirectoriesAsync(location, cancellationToken);
}
