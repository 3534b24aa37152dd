using LakePortal.Cli.Client;
using LakePortal.Cli.Demo;
using LakePortal.Cli.Processes;

namespace LakePortal.EndToEnd.Tests.Demo;

/// <summary>The main way, from the shop's database to the charts, twice on the same data.</summary>
[Trait("Category", "Server")]
public sealed class DemoTests : IDisposable
{
    private static readonly string[] Phases = ["shop", "portal", "configuration", "offload", "comparison", "pipeline", "numbers", "charts", "queries"];
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
