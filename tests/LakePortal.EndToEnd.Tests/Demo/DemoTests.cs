using System.Globalization;
using LakePortal.Cli.Client;
using LakePortal.Cli.Demo;
using LakePortal.Cli.Processes;

namespace LakePortal.EndToEnd.Tests.Demo;

/// <summary>The main way, from the shop's database to the charts, twice on the same data.</summary>
[Trait("Category", "Server")]
public sealed class DemoTests : IDisposable
{
    private static readonly string[] Phases = ["shop", "portal", "configuration", "offload", "comparison", "pipeline", "numbers", "charts", "queries", "changes", "gap"];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lakeportal-demo-");

    public DemoTests() => File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0b111_101_101);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Every_phase_is_ok_and_again_on_the_same_data()
    {
        for (var time = 1; time <= 2; time++)
        {
            using var output = new StringWriter();
            await using (var demo = new DemoRun(_folder.FullName, FreePort.Find(), output))
            {
                await demo.RunPhasesAsync(CancellationToken.None);
                Assert.True(demo.IsServing);
            }

            var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Phases.Select(p => $"ok {p}"), lines.Select(l => l[..l.IndexOf(':', StringComparison.Ordinal)]));
        }
    }

    [Fact]
    public async Task Killing_the_launcher_takes_its_servers_along_and_a_start_right_after_goes_on()
    {
        var data = Path.Combine(_folder.FullName, "data");
        var port = FreePort.Find();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var launcher = ChildProcess.Start(
            PortalProcess.DotnetPath(), [typeof(DemoRun).Assembly.Location, "demo", "--data", data, "--port", port.ToString(CultureInfo.InvariantCulture)],
            null, PosixSignalNumber.Term, Path.Combine(_folder.FullName, "launcher.log"), null, line =>
            {
                if (line.StartsWith("ok portal", StringComparison.Ordinal))
                {
                    ready.TrySetResult();
                }
            });
        await Task.WhenAny(ready.Task, launcher.Exited).WaitAsync(TimeSpan.FromMinutes(3));
        Assert.False(launcher.HasExited, launcher.LastLines());
        var postmaster = int.Parse((await File.ReadAllLinesAsync(Path.Combine(data, "postgres", "cluster", "postmaster.pid")))[0], CultureInfo.InvariantCulture);
        var children = Children(launcher.Id);
        Assert.Contains(postmaster, children);
        Assert.Equal(2, children.Count);

        launcher.Signal(PosixSignalNumber.Kill);
        await launcher.Exited;
        using var output = new StringWriter();
        await using (var demo = new DemoRun(data, port, output))
        {
            await demo.RunPhasesAsync(CancellationToken.None);
            Assert.All(children, id => Assert.False(Directory.Exists($"/proc/{id}"), $"Process {id} outlived the launcher."));
            if (PrivatePostgres.Owner is not null)
            {
                // Only the server's own group passes through, on its way to the cluster.
                Assert.Equal((UnixFileMode)0b111_001_000, File.GetUnixFileMode(data));
                var look = await Subprocess.RunAsync("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", "cat", Path.Combine(data, "portal.log")], CancellationToken.None);
                Assert.NotEqual(0, look.ExitCode);
            }
        }
    }

    private static List<int> Children(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => n!.All(char.IsAsciiDigit)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture))
            .Where(id => ParentOf(id) == parent)];

    /// <summary>proc(5): the fourth field; the second one, the name, is in brackets and may hold blanks.</summary>
    private static int? ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return null;
        }
    }

    [Fact]
    public async Task A_port_in_use_is_said_with_a_hint()
    {
        var port = FreePort.Find();
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
        taken.Start();
        await using var demo = new DemoRun(_folder.FullName, port, TextWriter.Null);
        var failed = await Assert.ThrowsAsync<PhaseFailedException>(() => demo.RunPhasesAsync(CancellationToken.None));
        Assert.StartsWith("FAILED portal: ", failed.Message, StringComparison.Ordinal);
        Assert.Contains("--port", failed.Message, StringComparison.Ordinal);
    }
}
