using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Pipelines.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace LakePortal.Processing.Tests.Triggers;

public sealed class TriggerTests : IAsyncLifetime
{
    private const string Waiting = """
        kind: pipeline
        name: waiting
        when_changed: [refined.source]
        tasks:
          - {name: a, target: curated.copy, sql: SELECT max(x) AS x FROM refined.source}
        """;

    private ProcessingLake? _processing;

    private ProcessingLake Processing => _processing!;

    public async Task InitializeAsync() => _processing = await ProcessingLake.StartAsync();

    public async Task DisposeAsync() => await Processing.DisposeAsync();

    [Fact]
    public async Task A_burst_of_changes_starts_one_run_and_an_announcement_without_a_change_none()
    {
        await Processing.WriteAsync("refined.source", "SELECT 0 AS x");
        await Processing.ApplyAsync(Waiting);
        for (var i = 1; i <= 5; i++)
        {
            await Processing.WriteAsync("refined.source", $"SELECT {i} AS x");
        }

        for (var i = 0; i < 20; i++)
        {
            await AnnounceAsync("refined.source");
        }

        var run = Assert.Single(await Processing.RunsAsync("waiting", 1));
        Assert.Equal(("data", RunState.Succeeded), (run.Trigger, run.State));
        Assert.Equal(["5"], await Processing.RowsAsync("SELECT x FROM curated.copy"));

        await AnnounceAsync("refined.source");
        await Processing.WriteAsync("refined.source", "SELECT 6 AS x");
        await AnnounceAsync("refined.source");
        Assert.Equal(2, (await Processing.RunsAsync("waiting", 2)).Count);
        Assert.Equal(["6"], await Processing.RowsAsync("SELECT x FROM curated.copy"));
    }

    [Fact]
    public async Task A_pipeline_starts_another_that_waits_for_its_table()
    {
        await Processing.ApplyAsync(Waiting);
        await Processing.ApplyAsync("""
            kind: pipeline
            name: first
            tasks:
              - {name: a, target: refined.source, sql: SELECT 42 AS x}
            """);
        await Processing.RunAsync("first");
        Assert.Equal(RunState.Succeeded, Assert.Single(await Processing.RunsAsync("waiting", 1)).State);
        Assert.Equal(["42"], await Processing.RowsAsync("SELECT x FROM curated.copy"));
    }

    [Fact]
    public async Task A_paused_pipeline_answers_the_change_when_it_is_resumed()
    {
        await Processing.ApplyAsync(Waiting);
        await Processing.Lake.SendAsync(new SetPipelinePaused("waiting", true));
        await Processing.WriteAsync("refined.source", "SELECT 7 AS x");
        await AnnounceAsync("refined.source");
        Assert.True((await Processing.Lake.SendAsync(new GetPipeline("waiting"))).Summary.IsPaused);
        await Processing.Lake.SendAsync(new SetPipelinePaused("waiting", false));
        Assert.Single(await Processing.RunsAsync("waiting", 1));
        Assert.Equal(["7"], await Processing.RowsAsync("SELECT x FROM curated.copy"));
    }

    [Fact]
    public async Task A_change_that_nobody_announced_is_found_at_the_next_start()
    {
        await Processing.ApplyAsync(Waiting);
        await Processing.WriteAsync("refined.source", "SELECT 8 AS x");
        await Processing.Lake.Services.GetRequiredService<PipelineStart>().StartAsync(default);
        Assert.Single(await Processing.RunsAsync("waiting", 1));
    }

    [Fact]
    public async Task A_late_firing_means_the_day_for_which_it_was_due_in_the_pipelines_zone()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: daily
            schedule: "0 0 2 * * ?"
            timezone: Europe/Berlin
            tasks:
              - {name: a, target: curated.days, write: append, sql: "SELECT {{ today }} AS day, {{ yesterday }} AS before"}
            """);
        var job = new PipelineSchedule(Processing.Lake.Services.GetRequiredService<PipelineLauncher>(), NullLogger<PipelineSchedule>.Instance);

        // 02:00 in Berlin on the 10th is still the 10th there; midnight UTC would be the same day, 23:30 UTC of the 9th is the 10th in Berlin.
        await job.ExecuteAsync("daily", new DateTimeOffset(2026, 1, 9, 23, 30, 0, TimeSpan.Zero), default);
        var run = Assert.Single(await Processing.RunsAsync("daily", 1));
        Assert.Equal(("schedule", RunState.Succeeded), (run.Trigger, run.State));
        Assert.Equal(["2026-01-10|2026-01-09"], await Processing.RowsAsync("SELECT day, before FROM curated.days"));

        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        var next = (await Processing.Lake.SendAsync(new GetPipeline("daily"))).Summary.NextRuns;
        Assert.Equal(5, next.Count);
        Assert.All(next, t => Assert.Equal(new TimeSpan(2, 0, 0), TimeZoneInfo.ConvertTime(t, berlin).TimeOfDay));
    }

    private async Task AnnounceAsync(string table) =>
        await Processing.Lake.Services.GetRequiredService<SystemSender>().PublishAsync(new TableChanged(table, null), default);
}
