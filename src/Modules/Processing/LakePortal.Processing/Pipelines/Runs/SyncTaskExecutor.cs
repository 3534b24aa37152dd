using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Pipelines.Definition;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>Starts a sync of the ingestion module and waits for it.</summary>
internal sealed class SyncTaskExecutor(SystemSender sender, IRunStore runs)
{
    /// <param name="started">Called with the id of the child run before it is waited for, so that it can be found again after a crash.</param>
    public async Task<TaskResult> ExecuteAsync(RunPlan plan, SyncTask task, Func<string, Task> started, CancellationToken cancellationToken)
    {
        var childId = await sender.SendAsync(new RunSync(task.Sync, task.Mode, "pipeline", plan.RunId), cancellationToken);
        await started(childId);
        runs.Log(plan.RunId, RunLogLevel.Information, task.Name, $"Started run {childId} of sync {task.Sync}.");

        RunInfo child;
        try
        {
            child = await sender.SendAsync(new AwaitSyncRun(childId), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The child works for this task alone unless somebody else had started it; then it is theirs to cancel.
            if ((await runs.FindAsync(childId, CancellationToken.None))?.ParentId == plan.RunId)
            {
                await sender.SendAsync(new CancelSyncRun(childId), CancellationToken.None);
            }

            throw;
        }

        if (child.State != RunState.Succeeded)
        {
            throw new ChildSyncFailedException(
                task.Sync, childId, child.State.ToString().ToLowerInvariant(), child.Error?.Message, child.Error?.Hint);
        }

        var detail = await sender.SendAsync(new GetSyncRun(childId), cancellationToken);
        return new TaskResult(detail.Chunks.Sum(c => c.Rows), null, detail.RefinedSnapshotId ?? detail.RawSnapshotId, new Dictionary<string, long?>());
    }
}
