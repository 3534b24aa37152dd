using System.Runtime.CompilerServices;

namespace LakePortal.Iceberg.IO;

/// <summary>The lake on a local disk.</summary>
public sealed class LocalFileIO : IFileIO
{
    public async Task<ReadOnlyMemory<byte>> ReadAsync(string location, CancellationToken cancellationToken)
    {
        var path = Locations.ToLocalPath(location);
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "read", e);
        }
    }

    public async Task<ReadOnlyMemory<byte>> ReadRangeAsync(string location, long offset, int length, CancellationToken cancellationToken)
    {
        var path = Locations.ToLocalPath(location);
        try
        {
            using var handle = File.OpenHandle(path, options: FileOptions.Asynchronous);
            if (offset < 0 || length < 0 || offset + length > RandomAccess.GetLength(handle))
            {
                throw new LakeFileException(location, $"has no {length} bytes at {offset}");
            }

            var buffer = new byte[length];
            var done = 0;
            while (done < length)
            {
                var read = await RandomAccess.ReadAsync(handle, buffer.AsMemory(done), offset + done, cancellationToken).ConfigureAwait(false);
                done += read > 0 ? read : throw new LakeFileException(location, "became shorter while it was read");
            }

            return buffer;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "read", e);
        }
    }

    public async Task CreateAsync(string location, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var path = Locations.ToLocalPath(location);
        var directory = Path.GetDirectoryName(path)!;
        var temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            DurableFiles.CreateDirectory(directory);
            try
            {
                var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
                await using (stream.ConfigureAwait(false))
                {
                    await stream.WriteAsync(content, cancellationToken).ConfigureAwait(false);
                    stream.Flush(flushToDisk: true);
                }

                // Without overwriting: two writers that choose one name must not both succeed.
                File.Move(temporary, path, overwrite: false);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }

            DurableFiles.SyncDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "written", e);
        }
    }

    public Task<bool> DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var path = Locations.ToLocalPath(location);
        try
        {
            if (!File.Exists(path))
            {
                return Task.FromResult(false);
            }

            File.Delete(path);
            return Task.FromResult(true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "deleted", e);
        }
    }

    public Task<bool> ExistsAsync(string location, CancellationToken cancellationToken)
    {
        var path = Locations.ToLocalPath(location);
        return Task.FromResult(File.Exists(path) || Directory.Exists(path));
    }

    public Task<long> LengthAsync(string location, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(new FileInfo(Locations.ToLocalPath(location)).Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "read", e);
        }
    }

    public async IAsyncEnumerable<LakeFile> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var root = new DirectoryInfo(Locations.ToLocalPath(prefix));
        if (!root.Exists)
        {
            yield break;
        }

        await Task.Yield();
        foreach (var file in root.EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false }))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new LakeFile(Locations.FromLocalPath(file.FullName), file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero));
        }
    }

    public Task EnsureDirectoryAsync(string location, CancellationToken cancellationToken)
    {
        try
        {
            DurableFiles.CreateDirectory(Locations.ToLocalPath(location));
            return Task.CompletedTask;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "created", e);
        }
    }

    public Task RemoveEmptyDirectoriesAsync(string location, CancellationToken cancellationToken)
    {
        var path = Locations.ToLocalPath(location);
        try
        {
            if (Directory.Exists(path))
            {
                RemoveEmpty(path);
            }

            return Task.CompletedTask;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(location, "removed", e);
        }
    }

    private static void RemoveEmpty(string directory)
    {
        foreach (var child in Directory.GetDirectories(directory))
        {
            RemoveEmpty(child);
        }

        if (!Directory.EnumerateFileSystemEntries(directory).Any())
        {
            Directory.Delete(directory);
        }
    }

    private static LakeFileException Failed(string location, string verb, Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => new LakeFileException(location, "is missing", inner: e),
        _ => new LakeFileException(location, $"cannot be {verb}: {e.Message}", isTransient: e is not UnauthorizedAccessException, inner: e),
    };
}
