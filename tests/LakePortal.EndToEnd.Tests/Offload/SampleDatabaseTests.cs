using LakePortal.Cli.Client;
using LakePortal.Cli.Processes;
using LakePortal.EndToEnd.Tests.Support;
using Npgsql;

namespace LakePortal.EndToEnd.Tests.Offload;

/// <summary>Databases that others made: every table, every row, every value.</summary>
[Trait("Category", "Server")]
public sealed class SampleDatabaseTests
{
    [SharedDataFact("northwind.sql")]
    public Task Northwind_arrives_value_by_value() => CompareAllAsync("northwind", "northwind.sql");

    [SharedDataFact("pagila-schema.sql", "pagila-data.sql")]
    public Task Pagila_arrives_value_by_value() => CompareAllAsync("pagila", "pagila-schema.sql", "pagila-data.sql");

    private static async Task CompareAllAsync(string database, params string[] files)
    {
        await using var lake = await TestLake.StartAsync();
        await LoadAsync(lake, database, files);
        await lake.ApplyAsync($"{lake.SourceYaml(database, database)}\n---\nkind: sync\nsource: {database}\ntables: [\"public.*\"]\nmode: batch\n");
        var syncs = Listing.ItemsOf(await lake.Api.GetAsync("/api/v1/syncs", CancellationToken.None));
        var compared = new List<string>();
        foreach (var sync in syncs)
        {
            var name = sync.GetProperty("name").GetString()!;
            var run = await lake.RunSyncAsync(name);
            Assert.True(RunWatcher.State(run) == "succeeded", $"{name}: {run.GetRawText()}");
            var parts = sync.GetProperty("source_table").GetString()!.Split('.', 2);
            await CanonicalText.CompareAsync(lake, database, parts[0], parts[1], sync.GetProperty("refined").GetString()!);
            compared.Add(parts[1]);
        }

        Assert.Equal([], (await TablesAsync(lake, database)).Except(compared, StringComparer.Ordinal));
    }

    private static async Task LoadAsync(TestLake lake, string database, string[] files)
    {
        await lake.Postgres.ExecuteAsync("postgres", $"CREATE DATABASE {database}", CancellationToken.None);
        foreach (var file in files)
        {
            var result = await Subprocess.RunAsync(
                Path.Combine(PrivatePostgres.FindPrograms(), "psql"),
                ["-q", "-d", $"postgresql://postgres:{lake.Postgres.Password}@127.0.0.1:{lake.Postgres.Port}/{database}", "-f", SharedData.Find(file)!],
                CancellationToken.None);
            Assert.Equal(0, result.ExitCode);
        }
    }

    /// <summary>Tables that stand for themselves: partitions belong to their parents.</summary>
    private static async Task<List<string>> TablesAsync(TestLake lake, string database)
    {
        await using var connection = await lake.Postgres.OpenAsync(database, CancellationToken.None);
        await using var command = new NpgsqlCommand(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var tables = new List<string>();
        while (await reader.ReadAsync())
        {
            tables.Add(reader.GetString(0));
        }

        Assert.NotEmpty(tables);
        return tables;
    }
}
