using LakePortal.Kernel.Errors;

namespace LakePortal.Processing;

/// <summary>Errors of pipelines and their runs.</summary>
internal abstract class ProcessingException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : LakePortalException(code, kind, message, hint, isTransient, inner);

/// <summary>The task was still working when its time was up; its statement was interrupted and nothing was committed.</summary>
internal sealed class TaskTimeoutException(string task, TimeSpan timeout)
    : ProcessingException("processing.task-timeout", ErrorKind.LimitExceeded,
        $"The task '{task}' did not finish within {timeout.TotalSeconds:0.###} s.",
        "Raise the task's timeout, or let its statement read less.", isTransient: true)
{
    public string Task { get; } = task;

    public TimeSpan Timeout { get; } = timeout;
}

/// <summary>The sync run that a task started did not succeed.</summary>
internal sealed class ChildSyncFailedException(string sync, string childRunId, string state, string? reason, string? hint)
    : ProcessingException("processing.sync-failed", ErrorKind.Unavailable,
        $"The sync '{sync}' ended {state}{(reason is null ? "" : $": {reason}")}", hint ?? $"Read the log of run {childRunId}.", isTransient: true)
{
    public string Sync { get; } = sync;

    public string ChildRunId { get; } = childRunId;
}

/// <summary>A <c>{{ … }}</c> of a statement or parameter cannot be evaluated.</summary>
internal sealed class TemplateException(string message, string? hint, int offset)
    : ProcessingException("processing.template", ErrorKind.Invalid, message, hint)
{
    /// <summary>Where the template starts in its text, from 0.</summary>
    public int Offset { get; } = offset;
}
