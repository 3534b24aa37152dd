using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Processing.Tests.Runs;

/// <summary>The state that a killed process leaves behind, and what the next start makes of it.</summary>
public sealed class RecoveryTests : IAsyncLifetime
{
    private const string Pipeline = """
        kind: pipeline
        name: p
        tasks:
          - {name: a, target: refined.log, write: append, sql: SELECT 1 AS x}
          - {name: b, after: [a], target: curated.count, sql: SELECT count(*) AS n FROM refined.log}
        """;

    private ProcessingLake? _processing;

    private ProcessingLake Processing => _processing!;

    public async Task InitializeAsync()
    {
        _processing = await ProcessingLake.StartAsync();
        await Processing.ApplyAsync(Pipeline);
    }

    public async Task DisposeAsync() => await Processing.DisposeAsync();

    [Fact]
    public async Task A_task_that_committed_right_before_the_crash_counts_and_is_not_made_again()
    {
        var id = await LeaveOpenAsync("manual", TaskState.Running, TaskState.Waiting);
        await CommitAsync(id);
        await RecoverAsync();

        var closed = await Processing.Lake.SendAsync(new GetPipelineRun(id));
        Assert.Equal((RunState.Failed, "run.interrupted"), (closed.Run.State, closed.Run.Error!.Code));
        Assert.Equal(["succeeded", "skipped"], closed.Tasks.Select(t => t.State));
        Assert.Equal((1L, (await Processing.TableAsync("refined.log")).Metadata.CurrentSnapshotId), (closed.Tasks[0].RowsWritten!.Value, closed.Tasks[0].SnapshotId));

        var again = await Processing.RunAsync("p", of: id);
        Assert.Equal(["kept", "succeeded"], again.Tasks.Select(t => t.State));
        Assert.Equal(["1"], await Processing.RowsAsync("SELECT n FROM curated.count"));
    }

    [Fact]
    public async Task A_task_that_had_committed_nothing_is_failed_and_runs_again()
    {
        var id = await LeaveOpenAsync("manual", TaskState.Running, TaskState.Waiting);
        await RecoverAsync();
        var closed = await Processing.Lake.SendAsync(new GetPipelineRun(id));
        Assert.Equal(["failed", "skipped"], closed.Tasks.Select(t => t.State));
        Assert.Equal("run.interrupted", closed.Tasks[0].Error!.Code);

        var again = await Processing.RunAsync("p", of: id);
        Assert.Equal(["succeeded", "succeeded"], again.Tasks.Select(t => t.State));
        Assert.Equal(["1"], await Processing.RowsAsync("SELECT n FROM curated.count"));
    }

    [Fact]
    public async Task A_rerun_from_the_very_task_does_not_append_a_second_time()
    {
        var id = await LeaveOpenAsync("manual", TaskState.Running, TaskState.Waiting);
        await CommitAsync(id);
        await RecoverAsync();
        var again = await Processing.RunAsync("p", from: "a", of: id);
        Assert.Equal(RunState.Succeeded, again.Run.State);
        var third = await Processing.RunAsync("p", from: "a", of: again.Run.Id);
        Assert.Equal(RunState.Succeeded, third.Run.State);
        Assert.Equal(["1"], await Processing.RowsAsync("SELECT n FROM curated.count"));
    }

    [Fact]
    public async Task A_scheduled_run_that_was_cut_off_goes_on_by_itself()
    {
        var id = await LeaveOpenAsync("schedule", TaskState.Succeeded, TaskState.Running);
        await CommitAsync(id);
        await Service<PipelineStart>().StartAsync(default);
        var runs = await Processing.RunsAsync("p", 2);
        Assert.Equal(("resume", RunState.Succeeded), (runs[0].Trigger, runs[0].State));
        Assert.Equal(["1"], await Processing.RowsAsync("SELECT n FROM curated.count"));
    }

    [Fact]
    public async Task A_run_of_another_node_is_left_alone()
    {
        var id = await LeaveOpenAsync("manual", TaskState.Running, TaskState.Waiting, node: "another");
        await RecoverAsync();
        Assert.Equal(RunState.Running, (await Processing.Lake.SendAsync(new GetPipelineRun(id))).Run.State);
    }

    private T Service<T>() where T : notnull => Processing.Lake.Services.GetRequiredService<T>();

    private Task<IReadOnlyList<PipelineRunRow>> RecoverAsync() => Service<RunRecovery>().RecoverAsync(default);

    private async Task<string> LeaveOpenAsync(string trigger, string a, string b, string? node = null)
    {
        var runs = Service<IRunStore>();
        var run = await runs.CreateAsync("pipeline", "p", trigger, "ana", null, default);
        await runs.StartAsync(run.Id, default);
        await Service<PipelineRunStore>().AddAsync(
            new PipelineRunRow
            {
                RunId = run.Id, Pipeline = "p", RootRunId = run.Id, Parameters = "{}", Document = "{}",
                Node = node ?? Service<NodeIdentity>().Id, At = run.QueuedAt,
            },
            [
                new TaskRunRow { RunId = run.Id, Task = "a", Ordinal = 0, Type = "sql", State = a, Attempt = 1, Target = "refined.log" },
                new TaskRunRow { RunId = run.Id, Task = "b", Ordinal = 1, Type = "sql", State = b, Target = "curated.count" },
            ],
            default);
        return run.Id;
    }

    /// <summary>The commit of task a, by a process that then lived no longer.</summary>
    private Task<WriteOutcome> CommitAsync(string runId) => Processing.Writer.Inner.WriteQueryAsync(
        new WriteQuery(new LakeQueryRequest("SELECT 1 AS x", Caller.System), new TableIdentifier("refined", "log"), WriteMode.Append)
        {
            Summary = new Dictionary<string, string>
            {
                ["lakeportal.run"] = runId, ["lakeportal.root-run"] = runId, ["lakeportal.task"] = "a", ["lakeportal.pipeline"] = "p",
            },
        },
        default);
}
