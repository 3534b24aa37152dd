using System.Text.Json;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Storage;
using MediatR;

namespace LakePortal.Processing.Pipelines.Reading;

internal sealed class RunPipelineHandler(PipelineLauncher launcher, ICallerAccessor callers, TimeProvider time) : IRequestHandler<RunPipeline, string>
{
    public async Task<string> Handle(RunPipeline request, CancellationToken cancellationToken) =>
        await launcher.LaunchAsync(
            new LaunchRequest(
                request.Name, request.Parameters ?? new Dictionary<string, string>(), request.FromTask, request.OfRun, request.Trigger,
                callers.Current?.User ?? throw new NotSignedInException(), time.GetUtcNow()),
            cancellationToken)
        ?? throw new ConflictException(
            $"A run of '{request.Name}' is still active, and the pipeline skips overlapping runs.", "Wait for its end, or set 'overlap: queue'.");
}

internal sealed class AwaitPipelineRunHandler(PipelineDispatcher dispatcher, IRunStore runs, TimeProvider time)
    : IRequestHandler<AwaitPipelineRun, RunInfo>
{
    // Only for a run of another portal on the same control database, whose end nobody announces here.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    public async Task<RunInfo> Handle(AwaitPipelineRun request, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (dispatcher.WhenEnded(request.RunId) is { } ended)
            {
                await ended.WaitAsync(cancellationToken);
            }

            var run = await PipelineRuns.FindAsync(runs, request.RunId, cancellationToken);
            if (run.State is not (RunState.Queued or RunState.Running))
            {
                return run;
            }

            await Task.Delay(LookAgain, time, cancellationToken);
        }
    }
}

internal sealed class CancelPipelineRunHandler(PipelineDispatcher dispatcher, IRunStore runs) : IRequestHandler<CancelPipelineRun>
{
    public async Task<Unit> Handle(CancelPipelineRun request, CancellationToken cancellationToken)
    {
        if (dispatcher.Cancel(request.RunId))
        {
            return Unit.Value;
        }

        var run = await PipelineRuns.FindAsync(runs, request.RunId, cancellationToken);
        throw run.State is RunState.Queued or RunState.Running
            ? new ConflictException($"Run {run.Id} is the work of another portal on the same control database.", "Cancel it there.")
            : new ConflictException($"Run {run.Id} has ended already: {run.State.ToString().ToLowerInvariant()}.", $"./lake logs {run.Id} shows how it went.");
    }
}

internal sealed class ListPipelineRunsHandler(PipelineRunStore store, IRunStore runs)
    : IRequestHandler<ListPipelineRuns, IReadOnlyList<PipelineRunDetail>>
{
    public async Task<IReadOnlyList<PipelineRunDetail>> Handle(ListPipelineRuns request, CancellationToken cancellationToken)
    {
        var infos = await runs.ListAsync(
            new RunFilter { Kind = "pipeline", Name = request.Name, Limit = Math.Clamp(request.Limit, 1, 200), Before = request.Before }, cancellationToken);
        var ids = infos.Select(i => i.Id).ToList();
        var rows = await store.FindManyAsync(ids, cancellationToken);
        var tasks = await store.TasksOfManyAsync(ids, cancellationToken);
        return [.. infos.Where(i => rows.ContainsKey(i.Id)).Select(i => PipelineRuns.ToDetail(i, rows[i.Id], tasks[i.Id]))];
    }
}

internal sealed class GetPipelineRunHandler(PipelineRunStore store, IRunStore runs) : IRequestHandler<GetPipelineRun, PipelineRunDetail>
{
    public async Task<PipelineRunDetail> Handle(GetPipelineRun request, CancellationToken cancellationToken)
    {
        var info = await PipelineRuns.FindAsync(runs, request.RunId, cancellationToken);
        var row = await store.FindAsync(request.RunId, cancellationToken) ?? throw new ObjectNotFoundException("pipeline run", request.RunId);
        return PipelineRuns.ToDetail(info, row, await store.TasksAsync(request.RunId, cancellationToken));
    }
}

internal static class PipelineRuns
{
    public static async Task<RunInfo> FindAsync(IRunStore runs, string runId, CancellationToken cancellationToken) =>
        await runs.FindAsync(runId, cancellationToken) is { Kind: "pipeline" } run ? run : throw new ObjectNotFoundException("pipeline run", runId);

    public static PipelineRunDetail ToDetail(RunInfo info, PipelineRunRow row, IEnumerable<TaskRunRow> tasks) => new(
        info,
        JsonSerializer.Deserialize<Dictionary<string, string>>(row.Parameters)!,
        row.RerunOf,
        row.FromTask,
        [.. tasks.Select(ToTask)]);

    private static TaskRun ToTask(TaskRunRow row) => new(
        row.Task, row.Type, row.State, row.Attempt, row.StartedAt, row.FinishedAt, row.RowsWritten, row.RowsDeleted, row.Target, row.SnapshotId,
        [.. PipelineRunStore.ReadSnapshots(row.Inputs).Select(i => new TableSnapshot(i.Key, i.Value))],
        row.ErrorCode is null ? null : new RunError(row.ErrorCode, row.ErrorMessage!, row.ErrorHint),
        row.ChildRunId);
}
