namespace LakePortal.Processing.Storage;

/// <summary>A pipeline as it was applied.</summary>
internal sealed class PipelineRow
{
    public required string Name { get; set; }

    /// <summary>The document without <c>kind</c>, as JSON.</summary>
    public required string Document { get; set; }

    public bool IsPaused { get; set; }

    /// <summary>JSON object: for each table of <c>when_changed</c> the snapshot that the newest data-triggered run was started for.</summary>
    public string Seen { get; set; } = "{}";

    public DateTimeOffset UpdatedAt { get; set; }

    public long Version { get; set; }
}

/// <summary>What the run store does not keep about a pipeline's run. Same id as there.</summary>
internal sealed class PipelineRunRow
{
    public required string RunId { get; set; }

    public required string Pipeline { get; set; }

    /// <summary>The first run of a chain of re-runs; itself when it is none. Appends happen once per root.</summary>
    public required string RootRunId { get; set; }

    public string? RerunOf { get; set; }

    public string? FromTask { get; set; }

    /// <summary>JSON object of the declared parameters as text.</summary>
    public required string Parameters { get; set; }

    /// <summary>The document at the time the run was asked for: a run never changes its mind half-way.</summary>
    public required string Document { get; set; }

    /// <summary>The node that does the work: after its restart, what it left open is over.</summary>
    public required string Node { get; set; }

    /// <summary>The moment that <c>today</c> and <c>now</c> mean.</summary>
    public DateTimeOffset At { get; set; }

    public bool IsFinished { get; set; }
}

internal sealed class TaskRunRow
{
    public required string RunId { get; set; }

    public required string Task { get; set; }

    public int Ordinal { get; set; }

    public required string Type { get; set; }

    public required string State { get; set; }

    public int Attempt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public long? RowsWritten { get; set; }

    public long? RowsDeleted { get; set; }

    public string? Target { get; set; }

    public long? SnapshotId { get; set; }

    /// <summary>JSON object: table → snapshot id or null.</summary>
    public string Inputs { get; set; } = "{}";

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    public string? ErrorHint { get; set; }

    public string? ChildRunId { get; set; }
}

internal static class TaskState
{
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Retrying = "retrying";
    public const string Succeeded = "succeeded";
    public const string Kept = "kept";
    public const string Failed = "failed";
    public const string Skipped = "skipped";
    public const string Cancelled = "cancelled";

    public static bool IsDone(string state) => state is Succeeded or Kept;
}
