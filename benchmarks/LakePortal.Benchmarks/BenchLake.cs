using LakePortal.Cli.Client;
using LakePortal.Cli.Processes;

namespace LakePortal.Benchmarks;

/// <summary>A portal (and a PostgreSQL, when asked for) in a folder that is removed at the end.</summary>
internal sealed class BenchLake : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private BenchLake(DirectoryInfo folder) => _folder = folder;

    public PrivatePostgres? Postgres { get; private set; }

    public PortalProcess Portal { get; private set; } = null!;

    public ApiClient Api { get; private set; } = null!;

    public static async Task<BenchLake> StartAsync(string? parent, bool withPostgres, CancellationToken cancellationToken)
    {
        var folder = parent is null ? Directory.CreateTempSubdirectory("lakeportal-bench-") : Directory.CreateDirectory(Path.Combine(Path.GetFullPath(parent), Guid.NewGuid().ToString("n")));
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        var lake = new BenchLake(folder);
        try
        {
            var environment = new Dictionary<string, string>();
            if (withPostgres)
            {
                var settings = new Dictionary<string, string> { ["shared_buffers"] = "2GB", ["max_wal_size"] = "4GB", ["wal_level"] = "logical", ["autovacuum"] = "off" };
                lake.Postgres = await PrivatePostgres.StartAsync(Path.Combine(folder.FullName, "postgres"), settings, cancellationToken);
                environment["BENCH_PASSWORD"] = lake.Postgres.Password;
            }

            lake.Portal = await PortalProcess.StartAsync(Path.Combine(folder.FullName, "data"), FreePort.Find(), environment, null, cancellationToken);
            lake.Api = lake.Portal.Api();
            return lake;
        }
        catch
        {
            await lake.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        if (Portal is not null)
        {
            await Portal.DisposeAsync();
        }

        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
