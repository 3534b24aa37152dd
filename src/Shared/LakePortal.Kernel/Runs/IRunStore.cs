using System.Text.Json.Nodes;

namespace LakePortal.Kernel.Runs;

public enum RunState
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>One piece of work that people watch: a sync run, a pipeline run. Modules keep their details under the same id.</summary>
/// <param name="Id">Time-ordered (UUIDv7, 32 hex digits).</param>
/// <param name="Kind"><c>sync</c> or <c>pipeline</c>.</param>
/// <param name="Name">Name of the sync or pipeline.</param>
/// <param name="Trigger"><c>manual</c>, <c>schedule</c>, <c>data</c>, <c>pipeline</c>, <c>resume</c>.</param>
/// <param name="StartedBy">User.</param>
/// <param name="ParentId">The pipeline run that started this one.</param>
/// <param name="Error">Set when failed.</param>
/// <param name="Result">Facts of the finished run: rows, snapshot ids, consistency.</param>
public sealed record RunInfo(
    string Id,
    string Kind,
    string Name,
    RunState State,
    string Trigger,
    string StartedBy,
    string? ParentId,
    DateTimeOffset QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    RunProgress? Progress,
    RunError? Error,
    JsonObject? Result);

/// <param name="Phase">What is being done now, in words.</param>
/// <param name="Rows">Rows done.</param>
/// <param name="TotalRows">Null: unknown; then no percentage is shown. May be an estimate (<see cref="IsEstimate"/>).</param>
/// <param name="Bytes">Bytes done.</param>
/// <param name="RowsPerSecond">Over the last seconds.</param>
public sealed record RunProgress(string Phase, long Rows, long? TotalRows, bool IsEstimate, long Bytes, double RowsPerSecond);

public sealed record RunError(string Code, string Message, string? Hint);

public enum RunLogLevel
{
    Debug,
    Information,
    Warning,
    Error,
}

/// <param name="Sequence">From 1, without gaps, per run.</param>
/// <param name="Task">Task of a pipeline, table of a sync; null for the run itself.</param>
public sealed record RunLogLine(long Sequence, DateTimeOffset At, RunLogLevel Level, string? Task, string Message);

public sealed record RunFilter
{
    public string? Kind { get; init; }

    public string? Name { get; init; }

    public RunState? State { get; init; }

    public DateTimeOffset? Since { get; init; }

    public int Limit { get; init; } = 50;

    /// <summary>Return runs older than this id (paging).</summary>
    public string? Before { get; init; }
}

/// <summary>Runs and their logs in the control database. Changes are announced on <see cref="Live.IChangeFeed"/> topics <c>runs</c> and <c>run/&lt;id&gt;</c>.</summary>
public interface IRunStore
{
    Task<RunInfo> CreateAsync(string kind, string name, string trigger, string startedBy, string? parentId, CancellationToken cancellationToken);

    Task StartAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Kept in memory and written at most once a second; the last value is written when the run finishes.</summary>
    void Report(string runId, RunProgress progress);

    Task FinishAsync(string runId, RunState state, RunError? error, JsonObject? result, CancellationToken cancellationToken);

    Task<RunInfo?> FindAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<RunInfo>> ListAsync(RunFilter filter, CancellationToken cancellationToken);

    void Log(string runId, RunLogLevel level, string? task, string message);

    Task<IReadOnlyList<RunLogLine>> ReadLogAsync(string runId, long afterSequence, int limit, CancellationToken cancellationToken);

    /// <summary>Called once at start: runs that a stopped process left running become failed with code <c>run.interrupted</c>. Returns them.</summary>
    Task<IReadOnlyList<RunInfo>> CloseInterruptedAsync(CancellationToken cancellationToken);
}
