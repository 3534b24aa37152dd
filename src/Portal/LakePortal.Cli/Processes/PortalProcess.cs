using System.Globalization;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Processes;

/// <summary>A portal that runs as our child.</summary>
internal sealed class PortalProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private PortalProcess(ChildProcess process, Uri url, string dataDirectory)
    {
        _process = process;
        Url = url;
        DataDirectory = dataDirectory;
    }

    public Uri Url { get; }

    public string DataDirectory { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public Task Exited => _process.Exited;

    public ApiClient Api() => new(new ServerAddress(Url, null, DataDirectory));

    public string LastLines() => _process.LastLines();

    /// <summary>The assembly of the portal: <c>LAKE_PORTAL</c>, or what the launcher built.</summary>
    public static string AssemblyPath() =>
        Environment.GetEnvironmentVariable("LAKE_PORTAL") is { Length: > 0 } path
            ? path
            : Path.Combine(ServerAddress.Home(), "src/Portal/LakePortal.Portal/bin", Configuration(), "net10.0/LakePortal.Portal.dll");

    /// <summary>The runtime that runs us also runs the portal.</summary>
    public static string DotnetPath() =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet"
            ? path
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, "dotnet")).FirstOrDefault(File.Exists)
                ?? throw new StepFailedException("The program 'dotnet' is not on the path.", "Install the .NET 10 SDK, or set PATH.");

    public static IReadOnlyList<string> Arguments(string dataDirectory, int port, string bind)
    {
        var assembly = AssemblyPath();
        if (!File.Exists(assembly))
        {
            throw new StepFailedException($"The portal is not built: {assembly} does not exist.", "Call ./lake, which builds what is missing.");
        }

        return [assembly, "--data", dataDirectory, "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", bind];
    }

    public static async Task<PortalProcess> StartAsync(
        string dataDirectory, int port, IReadOnlyDictionary<string, string>? environment, Action<string>? onLine, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(dataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var child = ChildProcess.Start(
            DotnetPath(), Arguments(dataDirectory, port, "127.0.0.1"), null, PosixSignalNumber.Term, Path.Combine(dataDirectory, "portal.log"),
            environment, onLine);
        var portal = new PortalProcess(child, new Uri($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}"), dataDirectory);
        try
        {
            await portal.WaitUntilReadyAsync(cancellationToken);
            return portal;
        }
        catch
        {
            await portal.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it at once, as a power cut would.</summary>
    public async Task KillAsync()
    {
        _process.Signal(PosixSignalNumber.Kill);
        await _process.Exited;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var api = Api();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (_process.HasExited)
            {
                throw new StepFailedException(
                    $"The portal ended with exit code {_process.ExitCode}:\n{_process.LastLines()}", $"All it printed is in {Path.Combine(DataDirectory, "portal.log")}");
            }

            try
            {
                if ((await api.ProbeAsync("/readyz", cancellationToken)).Status == 200)
                {
                    return;
                }
            }
            catch (UnreachableException) when (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMinutes(2))
            {
                // Not listening yet.
            }

            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
            {
                throw new StepFailedException(
                    $"The portal is not ready after two minutes:\n{_process.LastLines()}", $"GET {Url}readyz says what it waits for.");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>A Debug build of the tests finds the Debug build of the portal.</summary>
    private static string Configuration() =>
        AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";
}
