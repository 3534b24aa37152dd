using System.Diagnostics;

namespace LakePortal.TestSupport;

/// <summary>
/// A shell that waits for the end of a pipe from this process. The pipe ends with <see cref="EndAsync"/>, and with this process itself, a
/// <c>kill -9</c> included: then the shell stops the server and removes its directory. It has a session of its own, so that what cuts off a
/// whole process group (Ctrl-C, <c>timeout</c>) does not take it along.
/// </summary>
internal sealed class ServerWatchdog
{
    private readonly Process _shell;
    private readonly string _root;

    private ServerWatchdog(Process shell, string root)
    {
        _shell = shell;
        _root = root;
    }

    /// <param name="root">Removed at the end.</param>
    /// <param name="stop">Shell commands that stop the server; they see <paramref name="root"/> as $1 and the arguments from $2 on.</param>
    /// <param name="arguments">What the commands need.</param>
    public static ServerWatchdog Over(string root, string stop, params string[] arguments)
    {
        var start = new ProcessStartInfo("setsid") { RedirectStandardInput = true, WorkingDirectory = "/" };
        // Nobody reads its outputs any more when it has to act: the inherited ones may be closed pipes.
        foreach (var argument in (string[])["sh", "-c", $"exec >/dev/null 2>&1\ncat >/dev/null\ncd /\n{stop}\nrm -rf \"$1\"", "watchdog", root, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return new ServerWatchdog(Process.Start(start)!, root);
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
                throw new InvalidOperationException($"The server in {_root} was not stopped and removed (exit code {_shell.ExitCode}).");
            }
        }
    }
}
