using LakePortal.Kernel.Hosting;

namespace LakePortal.Portal.Hosting;

/// <summary>Held while the process lives; the operating system gives it back however the process ends.</summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DataDirectoryLock(FileStream file) => _file = file;

    /// <exception cref="DataDirectoryException">Another process holds it, or the directory cannot be written.</exception>
    public static DataDirectoryLock Take(LakePaths paths)
    {
        var path = Path.Combine(paths.Data, "portal.lock");
        try
        {
            Privacy.MakeDataDirectory(paths.Data);
            return new DataDirectoryLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException error)
        {
            throw new DataDirectoryException("portal.data-directory", $"The data directory {paths.Data} cannot be written: {error.Message}", "Start as its owner, or name another with --data.", error);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new DataDirectoryException("portal.data-directory-in-use", $"Another portal already runs on the data directory {paths.Data}.", "Stop it first, or name another directory with --data.", error);
        }
    }

    public void Dispose() => _file.Dispose();
}
