using System.Diagnostics;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.Offload;

[Collection(PostgresTests.Name)]
public sealed class DiskFullTests(PostgresServer server, ITestOutputHelper output)
{
    [Fact]
    public async Task A_full_disk_is_a_clear_failure_that_leaves_nothing_and_the_next_run_works()
    {
        var folder = Directory.CreateTempSubdirectory("lakeportal-full-");
        if (!Mount(folder.FullName, "-t", "tmpfs", "-o", "size=6m", "tmpfs"))
        {
            folder.Delete();
            output.WriteLine("SKIPPED: a small file system can only be mounted by root.");
            return;
        }

        try
        {
            var settings = IngestionLake.SmallChunks;
            settings["Lake:Warehouse"] = folder.FullName;
            await using var lake = await IngestionLake.StartAsync(server, settings: settings);
            await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, md5(i::text) || md5((-i)::text) || md5((i * 7)::text) FROM generate_series(1, 300000) i");
            await lake.SyncAsync("public.t");

            var failed = await lake.RunAsync("src_t");

            Assert.Equal(RunState.Failed, failed.State);
            Assert.True(failed.Error!.Code == "ingestion.disk-full", $"{failed.Error.Code}: {failed.Error.Message}");
            Assert.Equal("0|0", (await lake.QueryAsync("SELECT (SELECT count(*) FROM raw.src_t), (SELECT count(*) FROM refined.src_t)")).Single());
            Assert.True(Mount(folder.FullName, "-o", "remount,size=300m"));
            await lake.SucceedAsync("src_t");
            Assert.Equal(await Canonical.SourceAsync(lake, "public", "t"), await Canonical.LakeAsync(lake, "refined.src_t"));
        }
        finally
        {
            using var unmount = Process.Start("umount", ["-l", folder.FullName]);
            await unmount.WaitForExitAsync();
            folder.Delete();
        }
    }

    private static bool Mount(string folder, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return false;
        }

        using var mount = Process.Start(new ProcessStartInfo("mount", [.. arguments, folder]) { RedirectStandardError = true })!;
        mount.WaitForExit();
        return mount.ExitCode == 0;
    }
}
