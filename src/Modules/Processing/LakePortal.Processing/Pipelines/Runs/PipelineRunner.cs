using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>
/// Walks the graph: a task starts when all before it have succeeded; when one fails, what depends on it is skipped and everything else
/// goes on. Ends by itself; its caller only decides when.
/// </summary>
internal sealed partial class PipelineRunner(
    TaskRunner tasks, PipelineRunStore store, IRunStore runs, TimeProvider time,
    IOptions<ProcessingOptions> options, ILogger<PipelineRunner> logger)
{
    /// <param name="cancel">Somebody wants the run to end: it ends cancelled.</param>
    /// <param name="stopping">The process ends: the run ends failed and can be run again.</param>
    public async Task RunAsync(RunPlan plan, CancellationToken cancel, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, stopping);
        RunState state;
        RunError? error;
        JsonObject? result = null;
        try
        {
            if (!either.IsCancellationRequested)
            {
                await runs.StartAsync(plan.RunId, CancellationToken.None);
            }

            await WalkAsync(plan, either.Token);
            var rows = await store.TasksAsync(plan.RunId, CancellationToken.None);
            (state, error) = Judge(rows, cancel.IsCancellationRequested, stopping.IsCancellationRequested);
            result = Summarise(rows);
        }
        catch (Exception exception)
        {
            if (exception is LakePortalException { Kind: not ErrorKind.Internal } known)
            {
                LogRunFailed(logger, plan.RunId, plan.Definition.Name, known.Code, known.Message, known.Hint);
            }
            else
            {
                LogRunFailedUnexpectedly(logger, plan.RunId, plan.Definition.Name, exception);
            }

            (state, error) = (RunState.Failed, TaskRunner.Describe(exception));
        }

        await runs.FinishAsync(plan.RunId, state, error, result, CancellationToken.None);
        if (error != RunRecovery.Interrupted)
        {
            // Left open when the process stops: recovery closes the run at the next start, as after a crash, and may go on with it.
            await store.CloseAsync(plan.RunId, CancellationToken.None);
            await store.TrimAsync(plan.Definition.Name, options.Value.RunsKept, CancellationToken.None);
        }
    }

    private async Task WalkAsync(RunPlan plan, CancellationToken cancellationToken)
    {
        var states = plan.Definition.Tasks.ToDictionary(
            t => t.Name, t => plan.Kept.Contains(t.Name) ? TaskState.Kept : TaskState.Waiting, StringComparer.Ordinal);
        var running = new Dictionary<Task<TaskRunRow>, PipelineTask>();
        var rows = 0L;
        while (true)
        {
            foreach (var task in plan.Definition.Tasks.Where(t => states[t.Name] == TaskState.Waiting))
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    states[task.Name] = await EndAsync(plan, task, TaskState.Cancelled);
                }
                else if (task.After.All(a => TaskState.IsDone(states[a])))
                {
                    states[task.Name] = TaskState.Running;
                    running.Add(tasks.RunAsync(plan, task, cancellationToken), task);
                }
                else if (task.After.Any(a => states[a] is TaskState.Failed or TaskState.Skipped or TaskState.Cancelled))
                {
                    runs.Log(plan.RunId, RunLogLevel.Warning, task.Name, "Skipped: a task before it did not succeed.");
                    states[task.Name] = await EndAsync(plan, task, TaskState.Skipped);
                }
            }

            runs.Report(plan.RunId, new RunProgress(Phase(plan, states), rows, null, false, 0, 0));
            if (running.Count == 0)
            {
                return;
            }

            var finished = await Task.WhenAny(running.Keys);
            running.Remove(finished, out var ended);
            try
            {
                var row = await finished;
                states[ended!.Name] = row.State;
                rows += row.RowsWritten ?? 0;
            }
            catch
            {
                // The record of a task could not be written: nothing more is started, and what still runs is waited for, not left behind.
                await Task.WhenAll(running.Keys).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                throw;
            }
        }
    }

    private async Task<string> EndAsync(RunPlan plan, PipelineTask task, string state)
    {
        await store.UpdateTaskAsync(plan.RunId, task.Name, r =>
        {
            r.State = state;
            r.FinishedAt = time.GetUtcNow();
        });
        return state;
    }

    private static string Phase(RunPlan plan, Dictionary<string, string> states)
    {
        var working = plan.Definition.Tasks.Where(t => states[t.Name] == TaskState.Running).Select(t => t.Name).ToList();
        var done = states.Values.Count(s => s is not (TaskState.Running or TaskState.Waiting));
        return $"{done} of {states.Count} tasks{(working.Count == 0 ? "" : $", running {string.Join(", ", working)}")}";
    }

    private static (RunState State, RunError? Error) Judge(IReadOnlyList<TaskRunRow> rows, bool cancelled, bool stopped)
    {
        if (rows.All(r => TaskState.IsDone(r.State)))
        {
            return (RunState.Succeeded, null);
        }

        if (cancelled)
        {
            return (RunState.Cancelled, null);
        }

        if (rows.FirstOrDefault(r => r.State == TaskState.Failed) is { } failed)
        {
            return (RunState.Failed, new RunError(failed.ErrorCode!, $"Task '{failed.Task}': {failed.ErrorMessage}", failed.ErrorHint));
        }

        return stopped
            ? (RunState.Failed, RunRecovery.Interrupted)
            : (RunState.Failed, new RunError("processing.incomplete", "Not every task came to its end.", "Run it again from the first task that did not."));
    }

    private static JsonObject Summarise(IReadOnlyList<TaskRunRow> rows) => new()
    {
        ["rows_written"] = rows.Where(r => r is { State: TaskState.Succeeded, Type: "sql" }).Sum(r => r.RowsWritten ?? 0),
        ["tasks"] = new JsonObject(rows.Select(r => KeyValuePair.Create(r.Task, (JsonNode?)r.State))),
        ["snapshots"] = new JsonObject(rows.Where(r => r is { Target: not null, SnapshotId: not null })
            .GroupBy(r => r.Target!, StringComparer.Ordinal)
            .Select(g => KeyValuePair.Create(g.Key, (JsonNode?)g.Last().SnapshotId!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)))),
    };

    [LoggerMessage(3103, LogLevel.Error, "Run {RunId} of pipeline {Pipeline} failed unexpectedly")]
    private static partial void LogRunFailedUnexpectedly(ILogger logger, string runId, string pipeline, Exception exception);

    [LoggerMessage(3110, LogLevel.Warning, "Run {RunId} of pipeline {Pipeline} failed with {Code}: {Message} {Hint}")]
    private static partial void LogRunFailed(ILogger logger, string runId, string pipeline, string code, string message, string? hint);
}
