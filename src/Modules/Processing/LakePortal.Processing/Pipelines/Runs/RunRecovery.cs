using LakePortal.Iceberg;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Storage;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>
/// After a start: runs that a stopped process left open are closed. A task that had committed when the process died is found by its
/// snapshot and counted as done; everything else is failed or skipped, so that a re-run starts exactly where the run was cut.
/// </summary>
internal sealed class RunRecovery(PipelineRunStore store, IRunStore runs, OwnCommits commits, NodeIdentity node, TimeProvider time)
{
    public static readonly RunError Interrupted = new(
        "run.interrupted", "The process stopped while the run was going on.", "Start it again; what was committed is kept and not repeated.");

    /// <summary>Returns the runs that were closed. Runs that another process still works on are left alone.</summary>
    public async Task<IReadOnlyList<PipelineRunRow>> RecoverAsync(CancellationToken cancellationToken)
    {
        var closed = new List<PipelineRunRow>();
        foreach (var run in await store.OpenAsync(node.Id, cancellationToken))
        {
            foreach (var task in await store.TasksAsync(run.RunId, cancellationToken))
            {
                await CloseAsync(run, task, cancellationToken);
            }

            await runs.FinishAsync(run.RunId, RunState.Failed, Interrupted, null, cancellationToken);
            await store.CloseAsync(run.RunId, cancellationToken);
            closed.Add(run);
        }

        return closed;
    }

    private async Task CloseAsync(PipelineRunRow run, TaskRunRow task, CancellationToken cancellationToken)
    {
        switch (task.State)
        {
            case TaskState.Waiting:
                await store.UpdateTaskAsync(run.RunId, task.Task, r =>
                {
                    r.State = TaskState.Skipped;
                    r.FinishedAt = time.GetUtcNow();
                });
                break;
            case TaskState.Running or TaskState.Retrying:
                var commit = TableIdentifier.TryParse(task.Target, out var target)
                    ? await commits.OfRunAsync(target, run.RunId, task.Task, cancellationToken)
                    : null;
                await store.UpdateTaskAsync(run.RunId, task.Task, r =>
                {
                    r.State = commit is null ? TaskState.Failed : TaskState.Succeeded;
                    r.FinishedAt = commit?.Timestamp ?? time.GetUtcNow();
                    r.SnapshotId = commit?.SnapshotId;
                    r.RowsWritten = commit is null ? null : OwnCommits.Count(commit, "added-records");
                    r.RowsDeleted = commit is null ? null : OwnCommits.Count(commit, "deleted-records");
                    (r.ErrorCode, r.ErrorMessage, r.ErrorHint) = commit is null
                        ? (Interrupted.Code, Interrupted.Message, Interrupted.Hint)
                        : ((string?)null, null, null);
                });
                runs.Log(run.RunId, RunLogLevel.Warning, task.Task, commit is null
                    ? "The process stopped before this task had committed anything."
                    : $"The process stopped right after this task had committed snapshot {commit.SnapshotId}: it counts as done.");
                break;
        }
    }
}
