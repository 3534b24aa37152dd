using System.Runtime.InteropServices;

namespace LakePortal.Portal.Hosting;

/// <summary>
/// Who else on the machine may look at what the process keeps: nobody. The tables' files hold the rows that the permission check guards, so
/// reading them on disk would go around it.
/// </summary>
internal static partial class Privacy
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// What <c>./lake demo</c> gives the directory as root: the group, which is that of its private PostgreSQL, may pass through to its own
    /// subdirectory but see nothing.
    /// </summary>
    private const UnixFileMode OwnerAndPassage = Owner | UnixFileMode.GroupExecute;

    /// <summary>
    /// From now on every new file of the process is its owner's alone, whichever library makes it. Where another user is meant to read a
    /// warehouse, a default ACL on its directory (<c>setfacl -d</c>) takes the place of this mask.
    /// </summary>
    public static void KeepNewFilesPrivate()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Umask(0b000_111_111);
        }
    }

    /// <summary>
    /// Makes the data directory, for its owner alone. One that was there is closed when it is ours or empty: somebody's home or
    /// <c>/srv</c>, named by mistake, stays as it is.
    /// </summary>
    public static void MakeDataDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        var isOurs = !Directory.Exists(path) || File.Exists(Path.Combine(path, "portal.lock")) || !Directory.EnumerateFileSystemEntries(path).Any();
        Directory.CreateDirectory(path, Owner);
        if (isOurs && File.GetUnixFileMode(path) is not (Owner or OwnerAndPassage))
        {
            File.SetUnixFileMode(path, Owner);
        }
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);
}
