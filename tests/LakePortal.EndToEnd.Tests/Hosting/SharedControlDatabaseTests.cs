using System.Text.RegularExpressions;
using LakePortal.Cli.Processes;
using LakePortal.EndToEnd.Tests.Support;
using Npgsql;

namespace LakePortal.EndToEnd.Tests.Hosting;

/// <summary>PostgreSQL as the control database, alone and shared by two portals.</summary>
[Trait("Category", "Server")]
public sealed partial class SharedControlDatabaseTests
{
    private const string Database = "postgres";

    [Fact]
    public async Task Two_portals_on_one_postgres_share_the_work_and_never_run_a_schedule_twice()
    {
        var warehouse = Directory.CreateTempSubdirectory("lakeportal-warehouse-");
        try
        {
            await using var lake = await TestLake.StartAsync(postgres => new Dictionary<string, string>
            {
                ["ControlDatabase__Provider"] = "postgres",
                ["ControlDatabase__ConnectionString"] = new NpgsqlConnectionStringBuilder(postgres.ConnectionString(Database)) { Pooling = true, CommandTimeout = 30 }.ConnectionString,
                ["Lake__Warehouse"] = warehouse.FullName,
            });
            Assert.False(File.Exists(Path.Combine(lake.DataDirectory, "control.db")));
            Assert.DoesNotContain("fail:", lake.Printed(), StringComparison.Ordinal);
            await SignInAsync(lake);
            await lake.ApplyAsync(lake.SourceYaml("src", Database));

            await using var second = await lake.StartSecondPortalAsync();
            await lake.ApplyAsync(
                """
                kind: pipeline
                name: ticks
                schedule: "*/2 * * * * ?"
                tasks:
                  - name: tick
                    type: sql
                    target: curated.ticks
                    write: append
                    sql: SELECT 1 AS one
                """);
            await UntilRunsAsync(lake.Postgres, 5);
            await lake.KillPortalAsync();
            var before = await RunsAsync(lake.Postgres);
            await UntilRunsAsync(lake.Postgres, before.Count + 2);

            var twice = (await RunsAsync(lake.Postgres)).GroupBy(t => t).Where(g => g.Count() > 1).Select(g => g.Key);
            Assert.Empty(twice);
            await lake.StartPortalAsync();
            Assert.Equal("1", await lake.ScalarAsync("SELECT DISTINCT one FROM curated.ticks"));
        }
        finally
        {
            warehouse.Delete(recursive: true);
        }
    }

    private static async Task SignInAsync(TestLake lake)
    {
        var once = OneTimePassword().Match(lake.Printed()).Groups[1].Value;
        using var browser = new FormBrowser(lake.Portal.Url);
        Assert.StartsWith("/account/password", await browser.PostFormAsync("/sign-in", ("user", "admin"), ("password", once)), StringComparison.Ordinal);
        Assert.Equal("/", await browser.PostFormAsync("/account/password", ("current", once), ("new", "correct horse battery"), ("repeat", "correct horse battery")));
        using var page = await browser.GetAsync("/tables");
        Assert.True(page.IsSuccessStatusCode);
    }

    private static async Task UntilRunsAsync(PrivatePostgres postgres, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await RunsAsync(postgres)).Count < count)
        {
            await Task.Delay(200, patience.Token);
        }
    }

    /// <summary>For each run the two seconds of the schedule that it was started for.</summary>
    private static async Task<List<long>> RunsAsync(PrivatePostgres postgres)
    {
        await using var connection = await postgres.OpenAsync(Database, CancellationToken.None);
        await using var command = new NpgsqlCommand(
            "SELECT \"QueuedAt\" / 2000000 FROM kernel.kernel_runs WHERE \"Kind\" = 'pipeline' AND \"Trigger\" = 'schedule'", connection);
        await using var reader = await command.ExecuteReaderAsync();
        List<long> turns = [];
        while (await reader.ReadAsync())
        {
            turns.Add(reader.GetInt64(0));
        }

        return turns;
    }

    [GeneratedRegex(@"one-time password (\S+)")]
    private static partial Regex OneTimePassword();
}
