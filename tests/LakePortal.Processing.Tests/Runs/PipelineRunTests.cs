using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.TestSupport;

namespace LakePortal.Processing.Tests.Runs;

public sealed class PipelineRunOnSqliteTests : PipelineRunContract
{
    protected override Task<string?> DatabaseAsync() => Task.FromResult<string?>(null);
}

public sealed class PipelineRunOnPostgresTests(PostgresServer server) : PipelineRunContract, IClassFixture<PostgresServer>
{
    protected override async Task<string?> DatabaseAsync() => server.ConnectionString(await server.CreateDatabaseAsync());
}

/// <summary>Runs with the real engine, on both control databases.</summary>
public abstract class PipelineRunContract : IAsyncLifetime
{
    private const string Diamond = """
        kind: pipeline
        name: diamond
        tasks:
          - {name: top, target: refined.top, sql: "SELECT i, i % 3 AS g FROM range(9) t(i)"}
          - {name: left, after: [top], target: refined.left_, sql: "SELECT g, count(*) AS n FROM refined.top GROUP BY g"}
          - {name: right, after: [top], target: refined.right_, retries: 0, sql: "SELECT g, sum(i)::BIGINT AS s FROM refined.top GROUP BY g"}
          - name: bottom
            after: [left, right]
            target: curated.bottom
            sql: SELECT g, n, s FROM refined.left_ JOIN refined.right_ USING (g)
        """;

    private ProcessingLake? _processing;

    private ProcessingLake Processing => _processing!;

    protected abstract Task<string?> DatabaseAsync();

    public async Task InitializeAsync() => _processing = await ProcessingLake.StartAsync(await DatabaseAsync());

    public async Task DisposeAsync() => await Processing.DisposeAsync();

    [Fact]
    public async Task A_diamond_runs_in_order_and_records_what_it_read_and_wrote()
    {
        await Processing.ApplyAsync(Diamond);
        var run = await Processing.RunAsync("diamond");

        Assert.Equal(RunState.Succeeded, run.Run.State);
        Assert.Equal(["0|3|9", "1|3|12", "2|3|15"], await Processing.RowsAsync("SELECT * FROM curated.bottom ORDER BY g"));
        Assert.All(run.Tasks, t => Assert.Equal("succeeded", t.State));
        Assert.Equal(["top", "left", "right", "bottom"], run.Tasks.Select(t => t.Task));
        var bottom = run.Tasks[3];
        Assert.Equal(3, bottom.RowsWritten);
        Assert.Equal((await Processing.TableAsync("curated.bottom")).Metadata.CurrentSnapshotId, bottom.SnapshotId);
        Assert.Equal(
            [new TableSnapshot("refined.left_", run.Tasks[1].SnapshotId), new TableSnapshot("refined.right_", run.Tasks[2].SnapshotId)], bottom.Inputs);
        Assert.True(run.Tasks[0].FinishedAt <= run.Tasks[1].StartedAt);
        Assert.Equal("18", run.Run.Result!["rows_written"]!.ToJsonString());
    }

    [Fact]
    public async Task A_failure_skips_what_depends_on_it_and_a_rerun_goes_on_from_there()
    {
        await Processing.ApplyAsync(Diamond);
        Processing.Writer.Before["refined.right_"] = _ => throw new InvalidOperationException("broken");
        var failed = await Processing.RunAsync("diamond");

        Assert.Equal(RunState.Failed, failed.Run.State);
        Assert.Contains("right", failed.Run.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(["succeeded", "succeeded", "failed", "skipped"], failed.Tasks.Select(t => t.State));

        Processing.Writer.Before.Clear();
        Processing.Writer.Started.Clear();
        var again = await Processing.RunAsync("diamond", from: "right");
        Assert.Equal(RunState.Succeeded, again.Run.State);
        Assert.Equal(["kept", "kept", "succeeded", "succeeded"], again.Tasks.Select(t => t.State));
        Assert.Equal(failed.Run.Id, again.RerunOf);
        Assert.Equal(["refined.right_", "curated.bottom"], Processing.Writer.Started);
        Assert.Equal(failed.Tasks[0].SnapshotId, again.Tasks[0].SnapshotId);
    }

    [Fact]
    public async Task A_rerun_cannot_start_behind_a_task_that_failed()
    {
        await Processing.ApplyAsync(Diamond);
        Processing.Writer.Before["refined.top"] = _ => throw new InvalidOperationException("broken");
        await Processing.RunAsync("diamond");
        var error = await Assert.ThrowsAsync<ConflictException>(() => Processing.RunAsync("diamond", from: "bottom"));
        Assert.Contains("did not succeed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transient_failure_is_tried_again_and_another_is_not()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: flaky
            tasks:
              - {name: a, target: refined.a, sql: SELECT 1 AS x, retries: 3, retry_delay: 1ms}
              - {name: b, target: refined.b, sql: SELECT missing FROM refined.nowhere, retries: 3, retry_delay: 1ms}
            """);
        var left = 2;
        Processing.Writer.Before["refined.a"] = _ => left-- > 0 ? throw new IOException("gone for a moment") : Task.CompletedTask;
        var run = await Processing.RunAsync("flaky");
        Assert.Equal(("succeeded", 3), (run.Tasks[0].State, run.Tasks[0].Attempt));
        Assert.Equal(("failed", 1), (run.Tasks[1].State, run.Tasks[1].Attempt));
        Assert.Equal("engine.unknown-table", run.Tasks[1].Error!.Code);
        var log = await Processing.Lake.SendAsync(new ReadRunLog(run.Run.Id));
        Assert.Contains(log, l => l.Task == "a" && l.Message.Contains("gone for a moment", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_append_whose_answer_got_lost_is_not_made_twice()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: appender
            tasks:
              - {name: a, target: refined.log, write: append, sql: SELECT 1 AS x, retries: 3, retry_delay: 1ms}
            """);
        var lost = false;
        Processing.Writer.After["refined.log"] = () =>
        {
            if (lost)
            {
                return Task.CompletedTask;
            }

            lost = true;
            throw new IOException("the answer got lost");
        };
        var run = await Processing.RunAsync("appender");
        Assert.Equal(RunState.Succeeded, run.Run.State);
        Assert.Equal(1, run.Tasks[0].RowsWritten);
        Assert.Equal(["1"], await Processing.RowsAsync("SELECT x FROM refined.log"));

        var again = await Processing.RunAsync("appender", from: "a", of: run.Run.Id);
        Assert.Equal(RunState.Succeeded, again.Run.State);
        Assert.Equal(["1"], await Processing.RowsAsync("SELECT x FROM refined.log"));

        await Processing.RunAsync("appender");
        Assert.Equal(["1", "1"], await Processing.RowsAsync("SELECT x FROM refined.log"));
    }

    [Fact]
    public async Task A_merge_replaces_rows_by_key()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: merger
            params: {v: 1}
            tasks:
              - {name: a, target: refined.m, write: merge, key: [id], sql: "SELECT i AS id, {{ v }}::BIGINT AS v FROM range(3) t(i) WHERE i + 1 >= {{ v }}"}
            """);
        await Processing.RunAsync("merger");
        await Processing.RunAsync("merger", new Dictionary<string, string> { ["v"] = "2" });
        Assert.Equal(["0|1", "1|2", "2|2"], await Processing.RowsAsync("SELECT id, v FROM refined.m ORDER BY id"));
    }

    [Fact]
    public async Task Cancelling_stops_the_statement_and_what_would_follow()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: slow
            tasks:
              - {name: a, target: refined.slow, sql: "SELECT count(*) AS n FROM range(10000000000) t(i) WHERE hash(i) % 7 = 8"}
              - {name: b, after: [a], target: refined.never, sql: SELECT 1 AS x}
            """);
        var id = await Processing.Lake.SendAsync(new RunPipeline("slow"));
        while (Processing.Writer.Started.IsEmpty)
        {
            await Task.Yield();
        }

        await Processing.Lake.SendAsync(new CancelPipelineRun(id));
        var ended = await Processing.Lake.SendAsync(new AwaitPipelineRun(id));
        Assert.Equal(RunState.Cancelled, ended.State);
        Assert.Equal(["cancelled", "cancelled"], (await Processing.Lake.SendAsync(new GetPipelineRun(id))).Tasks.Select(t => t.State));
        await Assert.ThrowsAsync<ConflictException>(() => Processing.Lake.SendAsync(new CancelPipelineRun(id)));
    }

    [Fact]
    public async Task A_task_that_takes_too_long_fails_with_its_limit()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: late
            tasks:
              - {name: a, target: refined.late, retries: 0, timeout: 100ms, sql: "SELECT count(*) AS n FROM range(10000000000) t(i) WHERE hash(i) % 7 = 8"}
            """);
        var run = await Processing.RunAsync("late");
        Assert.Equal("processing.task-timeout", run.Tasks[0].Error!.Code);
    }

    [Fact]
    public async Task Hostile_parameters_stay_values_and_wrong_ones_are_refused()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: params
            params: {label: none, n: 1, day: "{{ yesterday }}"}
            tasks:
              - {name: a, target: refined.params, sql: "SELECT {{ label }} AS label, {{ n }} AS n, {{ day }} AS day"}
            """);
        const string Hostile = "'; DROP TABLE refined.params; --";
        var run = await Processing.RunAsync("params", new Dictionary<string, string> { ["label"] = Hostile, ["day"] = "2026-01-31" });
        Assert.Equal(RunState.Succeeded, run.Run.State);
        Assert.Equal([$"{Hostile}|1|2026-01-31"], await Processing.RowsAsync("SELECT * FROM refined.params"));
        Assert.Equal(Hostile, run.Parameters["label"]);

        foreach (var (name, value) in new[] { ("n", "1 OR 1=1"), ("day", "tomorrow"), ("lable", "x") })
        {
            var error = await Assert.ThrowsAsync<InvalidInputException>(
                () => Processing.RunAsync("params", new Dictionary<string, string> { [name] = value }));
            Assert.Equal($"params.{name}", Assert.Single(error.Faults).Path);
        }
    }

    [Fact]
    public async Task A_second_run_waits_for_the_first()
    {
        await Processing.ApplyAsync("""
            kind: pipeline
            name: single
            tasks:
              - {name: a, target: refined.single, sql: SELECT 1 AS x}
            """);
        var release = new TaskCompletionSource();
        Processing.Writer.Before["refined.single"] = token => release.Task.WaitAsync(token);
        var first = await Processing.Lake.SendAsync(new RunPipeline("single"));
        var second = await Processing.Lake.SendAsync(new RunPipeline("single"));
        var third = await Processing.Lake.SendAsync(new RunPipeline("single"));
        Assert.NotEqual(first, second);
        Assert.Equal(second, third);
        await Assert.ThrowsAsync<ConflictException>(() => Processing.Lake.SendAsync(new RunPipeline("single", Trigger: "schedule")));
        release.SetResult();
        await Processing.Lake.SendAsync(new AwaitPipelineRun(second));
        Assert.Equal(2, (await Processing.RunsAsync("single", 2)).Count);
    }
}
