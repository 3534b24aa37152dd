namespace LakePortal.Cli.Processes;

/// <summary>The data directory of a portal with a private PostgreSQL in it.</summary>
internal static class DataDirectory
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Makes it, for its owner alone. As root PostgreSQL runs as another user, who has to pass through: then his group may, and see nothing.
    /// One that was there and is not ours keeps its mode.
    /// </summary>
    public static async Task PrepareAsync(string path, CancellationToken cancellationToken)
    {
        var isOurs = !Directory.Exists(path) || File.Exists(Path.Combine(path, "demo.lock")) || File.Exists(Path.Combine(path, "portal.lock"))
            || !Directory.EnumerateFileSystemEntries(path).Any();
        Directory.CreateDirectory(path, Owner);
        if (!isOurs)
        {
            return;
        }

        if (PrivatePostgres.Owner is { } server)
        {
            await Subprocess.CheckAsync("chgrp", [server, path], cancellationToken);
            File.SetUnixFileMode(path, Owner | UnixFileMode.GroupExecute);
        }
        else
        {
            File.SetUnixFileMode(path, Owner);
        }
    }

    /// <summary>
    /// The portal of a launcher that was killed stops by itself, but a drain takes its time: a start right after the kill waits for it. When it
    /// goes on running all the same, it is one that somebody wants, and our own portal will say that it cannot start beside it.
    /// </summary>
    public static async Task WaitForEarlierPortalAsync(string path, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (IsHeld(Path.Combine(path, "portal.lock")) && TimeProvider.System.GetElapsedTime(started) < patience)
        {
            await Task.Delay(100, cancellationToken);
        }
    }

    private static bool IsHeld(string file)
    {
        if (!File.Exists(file))
        {
            return false;
        }

        try
        {
            using var _ = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
