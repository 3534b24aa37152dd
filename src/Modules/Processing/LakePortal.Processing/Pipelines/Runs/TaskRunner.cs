using System.Data.Common;
using System.Diagnostics;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>Runs one task to its end: attempts, waits between them, time limit, and the record of all that.</summary>
internal sealed partial class TaskRunner(
    SqlTaskExecutor sql, SyncTaskExecutor sync, PipelineRunStore store, IRunStore runs, TimeProvider time,
    IOptions<ProcessingOptions> options, ILogger<TaskRunner> logger)
{
    public async Task<TaskRunRow> RunAsync(RunPlan plan, PipelineTask task, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var row = await store.UpdateTaskAsync(plan.RunId, task.Name, r =>
            {
                r.State = TaskState.Running;
                r.Attempt = attempt;
                r.StartedAt ??= time.GetUtcNow();
            });
            var clock = Stopwatch.StartNew();
            Exception failure;
            try
            {
                var result = await AttemptAsync(plan, task, attempt, cancellationToken);
                runs.Log(plan.RunId, RunLogLevel.Information, task.Name, Describe(task, result, clock.Elapsed));
                return await store.UpdateTaskAsync(plan.RunId, task.Name, r => Record(r, result));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                runs.Log(plan.RunId, RunLogLevel.Warning, task.Name, "Cancelled.");
                return await store.UpdateTaskAsync(plan.RunId, task.Name, r => End(r, TaskState.Cancelled, null));
            }
            catch (Exception exception)
            {
                failure = exception;
            }

            var error = Describe(failure);
            if (failure is LakePortalException { Kind: not ErrorKind.Internal })
            {
                LogTaskFailed(logger, plan.RunId, task.Name, error.Code, error.Message, error.Hint);
            }
            else
            {
                LogTaskFailedUnexpectedly(logger, plan.RunId, task.Name, failure);
            }

            if (attempt > task.Retries || !IsTransient(failure))
            {
                runs.Log(plan.RunId, RunLogLevel.Error, task.Name, $"Failed after {attempt} attempt(s): {error.Message}{(error.Hint is null ? "" : $" {error.Hint}")}");
                return await store.UpdateTaskAsync(plan.RunId, task.Name, r => End(r, TaskState.Failed, error));
            }

            var delay = RetryDelay(task, attempt, options.Value.MaxRetryDelay);
            runs.Log(plan.RunId, RunLogLevel.Warning, task.Name, $"Attempt {attempt} failed: {error.Message} Next attempt in {delay.TotalSeconds:0.###} s.");
            await store.UpdateTaskAsync(plan.RunId, task.Name, r =>
            {
                r.State = TaskState.Retrying;
                SetError(r, error);
            });
            try
            {
                await Task.Delay(delay, time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return await store.UpdateTaskAsync(plan.RunId, task.Name, r => End(r, TaskState.Cancelled, error));
            }
        }
    }

    /// <summary>Doubles with each attempt, up to the limit.</summary>
    internal static TimeSpan RetryDelay(PipelineTask task, int attempt, TimeSpan limit)
    {
        var delay = task.RetryDelay * Math.Pow(2, Math.Min(attempt - 1, 30));
        return delay < limit ? delay : limit;
    }

    internal static RunError Describe(Exception exception) => exception is LakePortalException known
        ? new RunError(known.Code, known.Faults.Count == 0 ? known.Message : $"{known.Message} {string.Join(" ", known.Faults.Select(f => $"{f.Path}: {f.Message}"))}", known.Hint)
        : new RunError("processing.internal", $"{exception.GetType().Name}: {exception.Message}", "The server's log has the details.");

    private static bool IsTransient(Exception exception) => exception switch
    {
        LakePortalException known => known.IsTransient,
        DbException database => database.IsTransient,
        TimeoutException or IOException => true,
        _ => false,
    };

    private async Task<TaskResult> AttemptAsync(RunPlan plan, PipelineTask task, int attempt, CancellationToken cancellationToken)
    {
        using var limit = task.Timeout is { } timeout ? new CancellationTokenSource(timeout, time) : null;
        using var both = limit is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var token = both?.Token ?? cancellationToken;
        try
        {
            return task switch
            {
                SqlTask s => await sql.ExecuteAsync(plan, s, attempt, token),
                SyncTask s => await sync.ExecuteAsync(
                    plan, s, child => store.UpdateTaskAsync(plan.RunId, task.Name, r => r.ChildRunId = child), token),
                _ => throw new UnreachableException($"No executor for tasks of type '{task.Type}'."),
            };
        }
        catch (Exception exception) when (limit is { IsCancellationRequested: true } && !cancellationToken.IsCancellationRequested
                                          && exception is OperationCanceledException)
        {
            throw new TaskTimeoutException(task.Name, task.Timeout!.Value);
        }
    }

    private void Record(TaskRunRow row, TaskResult result)
    {
        End(row, TaskState.Succeeded, null);
        row.RowsWritten = result.RowsWritten;
        row.RowsDeleted = result.RowsDeleted;
        row.SnapshotId = result.SnapshotId;
        row.Inputs = PipelineRunStore.WriteSnapshots(result.Inputs);
    }

    private void End(TaskRunRow row, string state, RunError? error)
    {
        row.State = state;
        row.FinishedAt = time.GetUtcNow();
        SetError(row, error);
    }

    private static void SetError(TaskRunRow row, RunError? error)
    {
        row.ErrorCode = error?.Code;
        row.ErrorMessage = error?.Message;
        row.ErrorHint = error?.Hint;
    }

    private static string Describe(PipelineTask task, TaskResult result, TimeSpan took) => (task, result.Recognised) switch
    {
        (_, true) => "Done by an earlier attempt.",
        (SqlTask s, _) => $"Wrote {result.RowsWritten} rows to {s.Target} ({s.Write.ToString().ToLowerInvariant()}, snapshot {result.SnapshotId}) in {took.TotalSeconds:0.00} s.",
        (SyncTask s, _) => $"Sync {s.Sync} read {result.RowsWritten} rows in {took.TotalSeconds:0.00} s.",
        _ => "Done.",
    };

    [LoggerMessage(3102, LogLevel.Error, "Task {Task} of pipeline run {RunId} failed unexpectedly")]
    private static partial void LogTaskFailedUnexpectedly(ILogger logger, string runId, string task, Exception exception);

    [LoggerMessage(3111, LogLevel.Warning, "Task {Task} of pipeline run {RunId} failed with {Code}: {Message} {Hint}")]
    private static partial void LogTaskFailed(ILogger logger, string runId, string task, string code, string message, string? hint);
}
