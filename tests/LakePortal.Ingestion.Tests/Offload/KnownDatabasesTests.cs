using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Databases that others made, every table compared value by value with its source.</summary>
[Collection(PostgresTests.Name)]
public sealed class KnownDatabasesTests(PostgresServer server, ITestOutputHelper output)
{
    [Theory]
    [InlineData("northwind", new[] { "data/northwind.sql" }, 14)]
    [InlineData("pagila", new[] { "data/pagila-schema.sql", "data/pagila-data.sql" }, 15)]
    public async Task Every_table_is_equal(string name, string[] scripts, int atLeast)
    {
        ArgumentNullException.ThrowIfNull(scripts);
        var files = scripts.Select(SharedFiles.Find).ToList();
        if (files.Contains(null))
        {
            output.WriteLine($"SKIPPED: {string.Join(", ", scripts)} are not beside the repository (LAKE_SHARED names their folder).");
            return;
        }

        var database = await server.CreateDatabaseAsync(name);
        foreach (var file in files)
        {
            await server.RunScriptAsync(database, file!);
        }

        await using var lake = await IngestionLake.StartAsync(server, database);
        var changes = await lake.SyncAsync("\"public.*\"", "name: \"{table}\"");
        var syncs = changes.Where(c => c.Kind == "sync").Select(c => c.Name).ToList();
        Assert.True(syncs.Count >= atLeast, $"{syncs.Count} tables");
        foreach (var sync in syncs)
        {
            await lake.SucceedAsync(sync);
            Assert.Equal(await Canonical.SourceAsync(lake, "public", sync), await Canonical.LakeAsync(lake, $"refined.{sync}"));
        }

        output.WriteLine($"{syncs.Count} tables equal.");
        Assert.Equal(syncs.Count, (await lake.Runs.ListAsync(new RunFilter { Kind = "sync", State = RunState.Succeeded, Limit = 1000 }, CancellationToken.None)).Count);
    }
}
