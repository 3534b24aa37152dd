using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Pipelines.Definition;
using Microsoft.Extensions.Options;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>
/// Runs a task's SELECT and commits its rows as one snapshot. Pipelines read as the process itself: who may write pipelines is trusted
/// with what they read, and what they publish is governed again where it is queried.
/// </summary>
internal sealed class SqlTaskExecutor(
    ILakeWriter writer, OwnCommits commits, TableAnnouncer announcer, IRunStore runs, IOptions<ProcessingOptions> options) : IDisposable
{
    private static readonly Caller PipelineCaller = Caller.System with { Via = "pipeline" };

    private readonly SemaphoreSlim _slots = new(options.Value.MaxParallelTasks);

    public async Task<TaskResult> ExecuteAsync(RunPlan plan, SqlTask task, int attempt, CancellationToken cancellationToken)
    {
        if (await FindEarlierAsync(plan, task, attempt, cancellationToken) is { } earlier)
        {
            return earlier;
        }

        var sql = task.Template.Render(plan.Parameters);
        await _slots.WaitAsync(cancellationToken);
        WriteOutcome outcome;
        try
        {
            outcome = await writer.WriteQueryAsync(
                new WriteQuery(new LakeQueryRequest(sql, PipelineCaller), task.Target, task.Write)
                {
                    Key = task.Key,
                    PartitionBy = task.PartitionBy,
                    Summary = new Dictionary<string, string>(StringComparer.Ordinal)
                    {
                        [SummaryKeys.Run] = plan.RunId,
                        [SummaryKeys.RootRun] = plan.RootRunId,
                        [SummaryKeys.Pipeline] = plan.Definition.Name,
                        [SummaryKeys.Task] = task.Name,
                    },
                },
                cancellationToken);
        }
        finally
        {
            _slots.Release();
        }

        if (outcome.SnapshotId is { } snapshot)
        {
            await announcer.AnnounceAsync(task.Target, snapshot);
        }

        return new TaskResult(
            outcome.RowsWritten, outcome.RowsDeleted, outcome.SnapshotId,
            outcome.Inputs.ToDictionary(i => i.Key.ToString(), i => i.Value, StringComparer.Ordinal));
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>
    /// An attempt whose answer got lost may have committed. And an append is made once per chain of re-runs, whatever task the re-run
    /// starts from: adding the same rows twice cannot be undone by running again, unlike a replace or a merge.
    /// </summary>
    private async Task<TaskResult?> FindEarlierAsync(RunPlan plan, SqlTask task, int attempt, CancellationToken cancellationToken)
    {
        var earlier = task.Write == WriteMode.Append && plan.IsRerun
            ? await commits.OfChainAsync(task.Target, plan.RootRunId, task.Name, cancellationToken)
            : attempt > 1
                ? await commits.OfRunAsync(task.Target, plan.RunId, task.Name, cancellationToken)
                : null;
        if (earlier is null)
        {
            return null;
        }

        runs.Log(plan.RunId, RunLogLevel.Information, task.Name,
            $"Snapshot {earlier.SnapshotId} of {task.Target} holds this task's rows already (run {earlier.Summary[SummaryKeys.Run]}); nothing is written twice. " +
            "To append again, start a new run.");
        return new TaskResult(
            OwnCommits.Count(earlier, "added-records"), OwnCommits.Count(earlier, "deleted-records"), earlier.SnapshotId,
            new Dictionary<string, long?>(), Recognised: true);
    }
}
