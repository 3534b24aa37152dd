using System.Diagnostics;

namespace LakePortal.TestSupport;

/// <summary>
/// A shell that waits for the end of a pipe from this process. The pipe ends with <see cref="EndAsync"/>, and with this process itself, a
/// <c>kill -9</c> included: then the shell stops the server and removes its directory. It has a session of its own, so that what cuts off a
/// whole process group (Ctrl-C, <c>timeout</c>) does not take it along.
/// </summary>
internal sealed class PostgresWatchdog
{
    private const string Script =
        """
        cat >/dev/null
        cd /
        if [ -f "$2/postmaster.pid" ]; then
          $4 "$3" stop -D "$2" -m immediate -w -t 30
        fi
        rm -rf "$1"
        """;

    private readonly Process _shell;
    private readonly string _root;

    private PostgresWatchdog(Process shell, string root)
    {
        _shell = shell;
        _root = root;
    }

    /// <param name="root">Removed at the end.</param>
    /// <param name="cluster">PostgreSQL's data directory in it; need not be there yet.</param>
    /// <param name="control">The program <c>pg_ctl</c>.</param>
    public static PostgresWatchdog Over(string root, string cluster, string control)
    {
        var asOwner = Environment.UserName == "root" ? "setpriv --reuid=postgres --regid=postgres --init-groups --" : "";
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, WorkingDirectory = "/" };
        // Nobody reads its outputs any more when it has to act: the inherited ones may be closed pipes.
        foreach (var argument in (string[])["sh", "-c", $"exec >/dev/null 2>&1\n{Script}", "watchdog", root, cluster, control, asOwner])
        {
            start.ArgumentList.Add(argument);
        }

        return new PostgresWatchdog(Process.Start(start)!, root);
    }

    /// <summary>Stops the server and waits until its directory is gone.</summary>
    public async Task EndAsync()
    {
        using (_shell)
        {
            _shell.StandardInput.Close();
            await _shell.WaitForExitAsync();
            if (_shell.ExitCode != 0 || Directory.Exists(_root))
            {
                throw new InvalidOperationException($"PostgreSQL in {_root} was not stopped and removed (exit code {_shell.ExitCode}).");
            }
        }
    }
}
