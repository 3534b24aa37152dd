using LakePortal.Cli;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Processes;
using LakePortal.EndToEnd.Tests.Support;
using System.Text.Json.Nodes;

namespace LakePortal.EndToEnd.Tests.Hosting;

/// <summary>The process starts, stops and dies.</summary>
[Trait("Category", "Server")]
public sealed class HostLifeTests
{
    private const string Endless = "SELECT count(*) AS n FROM range(100000000000) a(i), range(1000) b(j) WHERE a.i * b.j % 7 = 3";

    [Fact]
    public async Task A_stop_under_load_ends_within_ten_seconds_and_the_next_start_goes_on()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.Postgres.ExecuteAsync(
            "postgres", "CREATE TABLE big AS SELECT i AS id, md5(i::text) AS digest FROM generate_series(1, 800000) i; ALTER TABLE big ADD PRIMARY KEY (id); ANALYZE big", CancellationToken.None);
        await lake.ApplyAsync(
            $"""
            {lake.SourceYaml("src", "postgres")}
            ---
            kind: sync
            source: src
            tables: [public.big]
            name: big
            mode: batch
            ---
            kind: pipeline
            name: slow
            tasks:
              - name: slow
                type: sql
                target: curated.slow
                write: replace
                sql: {Endless}
            """);
        var slow = await RunCommand.StartAsync(lake.Api, "slow", [], null, null, CancellationToken.None);
        var query = lake.Api.PostAsync("/api/v1/sql", new JsonObject { ["sql"] = Endless }, CancellationToken.None);
        await lake.Api.GetAsync($"/api/v1/runs/{slow}", CancellationToken.None);
        await SyncCommand.StartAsync(lake.Api, "big", null, CancellationToken.None);

        var stopped = TimeProvider.System.GetTimestamp();
        await lake.Portal.DisposeAsync();
        var took = TimeProvider.System.GetElapsedTime(stopped);
        Assert.True(took < TimeSpan.FromSeconds(10), $"It took {took.TotalSeconds:0.0} s.\n{lake.Printed()}");
        Assert.DoesNotContain(lake.Printed().Split('\n'), l => l.Contains("Exception", StringComparison.Ordinal) || l.Contains("fail:", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<ServerException>(() => query);
        Assert.Equal("portal.stopping", refused.Problem.Code);

        await lake.StartPortalAsync();
        var run = await lake.Api.GetAsync($"/api/v1/runs/{slow}", CancellationToken.None);
        Assert.True(RunWatcher.HasEnded(run), run.GetRawText());
        var sync = await lake.RunSyncAsync("big");
        Assert.True(RunWatcher.State(sync) == "succeeded", sync.GetRawText());
        Assert.Equal("800000", await lake.ScalarAsync("SELECT count(DISTINCT id) FROM refined.big"));
    }

    [Fact]
    public async Task A_second_portal_on_the_directory_is_refused_and_a_killed_one_leaves_it_usable()
    {
        await using var lake = await TestLake.StartAsync();
        var error = await Assert.ThrowsAsync<StepFailedException>(
            () => PortalProcess.StartAsync(lake.DataDirectory, FreePort.Find(), null, null, CancellationToken.None));
        Assert.Contains("Another portal already runs on the data directory", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error.Message, StringComparison.Ordinal);
        await lake.KillPortalAsync();
        var killed = TimeProvider.System.GetTimestamp();
        await lake.StartPortalAsync();
        var took = TimeProvider.System.GetElapsedTime(killed);
        Assert.True(took < TimeSpan.FromSeconds(15), $"The start after a kill took {took.TotalSeconds:0.0} s.");
        Assert.Equal("1", await lake.ScalarAsync("SELECT 1"));
    }

    [Fact]
    public async Task A_kill_in_the_middle_of_a_pipeline_closes_its_run_and_the_next_runs_go_well()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.ApplyAsync(
            $"""
            kind: pipeline
            name: cut
            tasks:
              - name: quick
                type: sql
                target: curated.quick
                write: replace
                sql: SELECT 1 AS one
              - name: slow
                type: sql
                after: [quick]
                target: curated.slow
                write: replace
                sql: {Endless}
            ---
            kind: pipeline
            name: whole
            tasks:
              - name: quick
                type: sql
                target: curated.whole
                write: append
                sql: SELECT 1 AS one
            """);
        var cut = await RunCommand.StartAsync(lake.Api, "cut", [], null, null, CancellationToken.None);
        var lines = await LogOf(lake, cut, "curated.quick");
        await lake.KillPortalAsync();
        await lake.StartPortalAsync();

        var run = await lake.WaitAsync(cut);
        Assert.Equal("failed", RunWatcher.State(run));
        Assert.NotNull(RunWatcher.Failure(run).Hint);
        var all = await LogOf(lake, cut, "stopped before this task");
        Assert.Equal(lines, all.Take(lines.Count));
        Assert.Equal(Enumerable.Range(1, all.Count), all.Select(l => l.Sequence));
        foreach (var expected in (string[])["1", "2"])
        {
            var whole = await lake.WaitAsync(await RunCommand.StartAsync(lake.Api, "whole", [], null, null, CancellationToken.None));
            Assert.True(RunWatcher.State(whole) == "succeeded", whole.GetRawText());
            Assert.Equal(expected, await lake.ScalarAsync("SELECT count(*) FROM curated.whole"));
        }
    }

    /// <summary>The lines of the run's log as soon as one of them holds the text.</summary>
    private static async Task<List<(int Sequence, string Message)>> LogOf(TestLake lake, string run, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            var lines = Listing.ItemsOf(await lake.Api.GetAsync($"/api/v1/runs/{run}/logs", patience.Token))
                .Select(l => (l.GetProperty("sequence").GetInt32(), l.GetProperty("message").GetString()!)).ToList();
            if (lines.Any(l => l.Item2.Contains(text, StringComparison.Ordinal)))
            {
                return lines;
            }

            await Task.Delay(100, patience.Token);
        }
    }

    [Fact]
    public async Task Nobody_else_on_the_machine_reads_what_the_data_directory_keeps()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.Postgres.ExecuteAsync("postgres", "CREATE TABLE salaries AS SELECT i AS id, i * 1000 AS amount FROM generate_series(1, 100) i", CancellationToken.None);
        await lake.ApplyAsync(
            $"""
            {lake.SourceYaml("src", "postgres")}
            ---
            kind: sync
            source: src
            tables: [public.salaries]
            name: salaries
            mode: batch
            """);
        var run = await lake.RunSyncAsync("salaries");
        Assert.True(RunWatcher.State(run) == "succeeded", run.GetRawText());

        const UnixFileMode others = (UnixFileMode)0b000_111_111;
        var entries = Directory.GetFileSystemEntries(lake.DataDirectory, "*", SearchOption.AllDirectories).Append(lake.DataDirectory).ToList();
        Assert.Contains(entries, e => e.EndsWith(".parquet", StringComparison.Ordinal));
        Assert.Contains(entries, e => Path.GetFileName(e) == "portal.log");
        Assert.DoesNotContain(entries, e => (File.GetUnixFileMode(e) & others) != 0);
    }
}
