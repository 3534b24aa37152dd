namespace LakePortal.Iceberg.IO;

/// <summary>The files of the lake, by location (<c>file:///…</c>). Files are immutable: written once, read many times, deleted.</summary>
public interface IFileIO
{
    /// <exception cref="LakeFileException">The file is missing or cannot be read.</exception>
    Task<ReadOnlyMemory<byte>> ReadAsync(string location, CancellationToken cancellationToken);

    /// <summary>A part of a file.</summary>
    /// <exception cref="LakeFileException">The file is missing, shorter, or cannot be read.</exception>
    Task<ReadOnlyMemory<byte>> ReadRangeAsync(string location, long offset, int length, CancellationToken cancellationToken);

    /// <summary>Creates a file with this content: after the call it is complete and on the disk; after a crash it is complete or absent.</summary>
    /// <exception cref="LakeFileException">It exists already, or cannot be written.</exception>
    Task CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <returns>False when there was none.</returns>
    Task<bool> DeleteAsync(string location, CancellationToken cancellationToken);

    Task<bool> ExistsAsync(string location, CancellationToken cancellationToken);

    /// <summary>Size in bytes.</summary>
    Task<long> LengthAsync(string location, CancellationToken cancellationToken);

    /// <summary>All files below a location, in no particular order; none when it does not exist.</summary>
    IAsyncEnumerable<LakeFile> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Makes sure that files can be created below a location. Object stores have nothing to do.</summary>
    Task EnsureDirectoryAsync(string location, CancellationToken cancellationToken);

    /// <summary>Removes directories below and including a location that hold no files any more.</summary>
    Task RemoveEmptyDirectoriesAsync(string location, CancellationToken cancellationToken);
}

/// <param name="Location">Full location.</param>
/// <param name="Length">Bytes.</param>
/// <param name="LastModified">Time of the last write, as the store knows it.</param>
public sealed record LakeFile(string Location, long Length, DateTimeOffset LastModified);
