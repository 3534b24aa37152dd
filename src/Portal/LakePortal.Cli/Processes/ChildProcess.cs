using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LakePortal.Cli.Processes;

/// <summary>
/// A program that lives no longer than this process: in a session of its own, so that Ctrl-C of the terminal does not reach it and we decide the
/// order of the end, and with a parent-death signal, so that it ends even when this process is killed.
/// </summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly PosixSignalNumber _stop;
    private readonly StreamWriter _log;
    private readonly Queue<string> _lastLines = new();
    private bool _closed;

    private ChildProcess(Process process, PosixSignalNumber stop, StreamWriter log)
    {
        _process = process;
        _stop = stop;
        _log = log;
    }

    /// <summary>Every line of both outputs, as it comes.</summary>
    public event Action<string>? Line;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public Task Exited { get; private set; } = Task.CompletedTask;

    /// <param name="asUser">Runs as this user; needs root.</param>
    /// <param name="logFile">Receives everything the program prints; for our eyes only.</param>
    /// <param name="environment">Added to ours.</param>
    public static ChildProcess Start(
        string program, IReadOnlyList<string> arguments, string? asUser, PosixSignalNumber stop, string logFile,
        IReadOnlyDictionary<string, string>? environment = null, Action<string>? onLine = null)
    {
        var start = new ProcessStartInfo("setsid") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        string[] user = asUser is null ? [] : [$"--reuid={asUser}", $"--regid={asUser}", "--init-groups"];
        foreach (var argument in (string[])["setpriv", .. user, $"--pdeathsig={stop.ToString().ToUpperInvariant()}", "--", program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var log = new StreamWriter(new FileStream(
            logFile, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = owner })) { AutoFlush = true };
        // One that was there keeps its mode.
        File.SetUnixFileMode(logFile, owner);
        return StartOnOwnThread(start, stop, log, onLine);
    }

    /// <summary>The kernel sends the parent-death signal when the thread that made the child ends: it has to be one that lives as long as the child.</summary>
    private static ChildProcess StartOnOwnThread(ProcessStartInfo start, PosixSignalNumber stop, StreamWriter log, Action<string>? onLine)
    {
        var started = new TaskCompletionSource<ChildProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            ChildProcess child;
            try
            {
                var process = new Process { StartInfo = start };
                child = new ChildProcess(process, stop, log) { Exited = ended.Task };
                child.Line += onLine;
                process.OutputDataReceived += (_, e) => child.Receive(e.Data);
                process.ErrorDataReceived += (_, e) => child.Receive(e.Data);
                process.Start();
                process.StandardInput.Close();
                process.BeginOutputReadLine();
                process.BeginErrorReadLine();
            }
            catch (Exception e)
            {
                log.Dispose();
                started.SetException(new StepFailedException($"Cannot start {start.ArgumentList[^1]}: {e.Message}", null, e));
                return;
            }

            started.SetResult(child);
            child._process.WaitForExit();
            ended.SetResult();
        }) { IsBackground = true, Name = "child process" };
        thread.Start();
        return started.Task.GetAwaiter().GetResult();
    }

    /// <summary>The last lines it printed, for a message about its end.</summary>
    public string LastLines()
    {
        lock (_lastLines)
        {
            return string.Join('\n', _lastLines);
        }
    }

    /// <summary>Asks it to stop, waits, and kills it when it does not listen.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (_process.HasExited)
        {
            return;
        }

        Signal(_stop);
        if (await Task.WhenAny(Exited, Task.Delay(patience)) != Exited)
        {
            Signal(PosixSignalNumber.Kill);
            await Exited;
        }
    }

    public void Signal(PosixSignalNumber signal)
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, (int)signal);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(10));
        lock (_lastLines)
        {
            // What a grandchild still prints must not reach a closed file.
            _closed = true;
            _log.Dispose();
        }

        _process.Dispose();
    }

    private void Receive(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lastLines)
        {
            // The output of a first start holds a password, which belongs on a screen and not into a file.
            if (!_closed && !line.Contains("password", StringComparison.OrdinalIgnoreCase))
            {
                _log.WriteLine(line);
            }

            _lastLines.Enqueue(line);
            if (_lastLines.Count > 12)
            {
                _lastLines.Dequeue();
            }
        }

        Line?.Invoke(line);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}

/// <summary>Signals by their Linux numbers; the names are those of <c>setpriv</c>.</summary>
internal enum PosixSignalNumber
{
    Int = 2,
    Quit = 3,
    Kill = 9,
    Term = 15,
}
