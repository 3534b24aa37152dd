using System.Runtime.InteropServices;

namespace LakePortal.Iceberg.IO;

/// <summary>
/// Brings files and the names of files to the disk. A file that was flushed can still be gone after a power cut: its name is durable only once the
/// directory is, and a new directory's name only once its parent is.
/// </summary>
public static partial class DurableFiles
{
    private const int ReadOnlyFlag = 0;
    private const int FilesAtOnce = 8;

    /// <summary>Creates a directory and those above it that are missing, durably.</summary>
    public static void CreateDirectory(string path)
    {
        var missing = new Stack<string>();
        for (var at = Path.GetFullPath(path); !Directory.Exists(at) && Path.GetDirectoryName(at) is { } parent; at = parent)
        {
            missing.Push(at);
        }

        Directory.CreateDirectory(path);
        foreach (var created in missing)
        {
            SyncDirectory(Path.GetDirectoryName(created)!);
        }
    }

    /// <summary>Flushes files that somebody else wrote, and every directory between them and <paramref name="root"/>, it included.</summary>
    /// <exception cref="IOException">The disk refused: the files must not be relied on.</exception>
    public static async Task SyncAsync(IReadOnlyCollection<string> files, string root, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellationToken }, (file, _) =>
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);

        var top = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        var directories = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            for (var at = Path.GetDirectoryName(file); at is not null && at.Length >= top.Length && directories.Add(at); at = Path.GetDirectoryName(at))
            {
                SyncDirectory(at);
            }
        }
    }

    /// <summary>Flushes the names in a directory.</summary>
    public static void SyncDirectory(string directory)
    {
        // .NET does not open directories, and Windows does not flush them.
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(directory, ReadOnlyFlag);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open the directory '{directory}' (error {Marshal.GetLastPInvokeError()}).");
        }

        try
        {
            if (Fsync(descriptor) != 0)
            {
                throw new IOException($"Cannot flush the directory '{directory}' (error {Marshal.GetLastPInvokeError()}).");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
