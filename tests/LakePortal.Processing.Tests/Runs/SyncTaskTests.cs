using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Processing.Tests.Runs;

/// <summary>Sync tasks against a stand-in for the ingestion module that keeps its runs in the real run store.</summary>
public sealed class SyncTaskTests : IAsyncLifetime
{
    private readonly Syncs _syncs = new();
    private ProcessingLake? _processing;

    private ProcessingLake Processing => _processing!;

    public async Task InitializeAsync()
    {
        _processing = await ProcessingLake.StartAsync(configure: services => services
            .AddSingleton(_syncs)
            .AddTransient<IRequestHandler<RunSync, string>, Handlers>()
            .AddTransient<IRequestHandler<AwaitSyncRun, RunInfo>, Handlers>()
            .AddTransient<IRequestHandler<CancelSyncRun, Unit>, Handlers>()
            .AddTransient<IRequestHandler<GetSyncRun, SyncRunDetail>, Handlers>());
        await Processing.ApplyAsync("""
            kind: pipeline
            name: load
            tasks:
              - {name: orders, sync: shop_orders, retries: 1, retry_delay: 1ms}
              - {name: after, after: [orders], target: refined.after, sql: SELECT 1 AS x}
            """);
    }

    public async Task DisposeAsync() => await Processing.DisposeAsync();

    [Fact]
    public async Task A_sync_runs_as_a_child_and_the_pipeline_goes_on_after_it()
    {
        _syncs.Results.Enqueue(RunState.Succeeded);
        var run = await Processing.RunAsync("load");
        Assert.Equal(RunState.Succeeded, run.Run.State);
        Assert.Equal((7L, 99L), (run.Tasks[0].RowsWritten!.Value, run.Tasks[0].SnapshotId!.Value));
        var child = await Processing.Lake.Services.GetRequiredService<IRunStore>().FindAsync(run.Tasks[0].ChildRunId!, default);
        Assert.Equal((run.Run.Id, "pipeline"), (child!.ParentId, child.Trigger));
    }

    [Fact]
    public async Task A_failed_sync_is_tried_again_and_then_fails_the_task()
    {
        _syncs.Results.Enqueue(RunState.Failed);
        _syncs.Results.Enqueue(RunState.Failed);
        var run = await Processing.RunAsync("load");
        Assert.Equal(("failed", 2, "processing.sync-failed"), (run.Tasks[0].State, run.Tasks[0].Attempt, run.Tasks[0].Error!.Code));
        Assert.Equal("skipped", run.Tasks[1].State);
    }

    [Fact]
    public async Task Cancelling_the_pipeline_cancels_the_sync()
    {
        var id = await Processing.Lake.SendAsync(new RunPipeline("load"));
        var child = await _syncs.Waiting.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await Processing.Lake.SendAsync(new CancelPipelineRun(id));
        Assert.Equal(RunState.Cancelled, (await Processing.Lake.SendAsync(new AwaitPipelineRun(id))).State);
        Assert.Equal(child, _syncs.Cancelled);
    }

    private sealed class Syncs
    {
        public Queue<RunState> Results { get; } = new();

        public TaskCompletionSource<string> Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string? Cancelled { get; set; }
    }

    private sealed class Handlers(Syncs syncs, IRunStore runs)
        : IRequestHandler<RunSync, string>, IRequestHandler<AwaitSyncRun, RunInfo>, IRequestHandler<CancelSyncRun, Unit>, IRequestHandler<GetSyncRun, SyncRunDetail>
    {
        public async Task<string> Handle(RunSync request, CancellationToken cancellationToken) =>
            (await runs.CreateAsync("sync", request.Name, request.Trigger, "system", request.ParentRunId, cancellationToken)).Id;

        public async Task<RunInfo> Handle(AwaitSyncRun request, CancellationToken cancellationToken)
        {
            if (!syncs.Results.TryDequeue(out var state))
            {
                syncs.Waiting.SetResult(request.RunId);
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            await runs.FinishAsync(request.RunId, state, state == RunState.Failed ? new RunError("x", "the source is gone", null) : null, null, cancellationToken);
            return (await runs.FindAsync(request.RunId, cancellationToken))!;
        }

        public Task<Unit> Handle(CancelSyncRun request, CancellationToken cancellationToken)
        {
            syncs.Cancelled = request.RunId;
            return Unit.Task;
        }

        public async Task<SyncRunDetail> Handle(GetSyncRun request, CancellationToken cancellationToken) => new(
            (await runs.FindAsync(request.RunId, cancellationToken))!, "batch", null, "one-moment", 1,
            [new ChunkInfo(1, "done", "all", 7, 70, null, 0.1)], null, 99);
    }
}
