using System.Text.Json.Serialization;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using MediatR;

namespace LakePortal.Processing.Contracts.Pipelines;

public sealed record PipelineSummary(
    string Name, int Tasks, string? Schedule, string? TimeZone, IReadOnlyList<string> WhenChanged, bool IsPaused,
    IReadOnlyList<DateTimeOffset> NextRuns, RunInfo? LastRun, double? AverageSeconds);

[RequiresPermission(Permissions.PipelinesRead)]
public sealed record ListPipelines : IRequest<IReadOnlyList<PipelineSummary>>;

/// <summary>Definition, tasks in topological order.</summary>
[RequiresPermission(Permissions.PipelinesRead)]
public sealed record GetPipeline(string Name) : IRequest<PipelineDetail>;

public sealed record PipelineDetail(PipelineSummary Summary, IReadOnlyList<TaskDefinition> Tasks, IReadOnlyDictionary<string, string> Parameters);

/// <param name="Type"><c>sql</c> or <c>sync</c>.</param>
public sealed record TaskDefinition(
    string Name, string Type, IReadOnlyList<string> After, string? Target, string? Write, IReadOnlyList<string> Key, string? Sql, string? Sync,
    int Retries, double? TimeoutSeconds)
{
    /// <summary>Partition fields of a target that the task creates, as written: <c>day(created_at)</c>.</summary>
    public IReadOnlyList<string> PartitionBy { get; init; } = [];
}

/// <summary>Runs with their tasks, newest first: the run grid.</summary>
[RequiresPermission(Permissions.PipelinesRead)]
public sealed record ListPipelineRuns(string Name, int Limit = 30, string? Before = null) : IRequest<IReadOnlyList<PipelineRunDetail>>;

[RequiresPermission(Permissions.PipelinesRead)]
public sealed record GetPipelineRun(string RunId) : IRequest<PipelineRunDetail>;

/// <param name="RerunOf">The run of which this is a re-run, whose earlier tasks were kept.</param>
public sealed record PipelineRunDetail(RunInfo Run, IReadOnlyDictionary<string, string> Parameters, string? RerunOf, string? FromTask, IReadOnlyList<TaskRun> Tasks);

/// <param name="State"><c>waiting</c>, <c>running</c>, <c>retrying</c>, <c>succeeded</c>, <c>kept</c>, <c>failed</c>, <c>skipped</c> (something before it failed), <c>cancelled</c>.</param>
/// <param name="Inputs">Tables read, with the snapshot each was read at.</param>
public sealed record TaskRun(
    string Task, string Type, string State, int Attempt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, long? RowsWritten, long? RowsDeleted,
    string? Target, [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long? SnapshotId, IReadOnlyList<TableSnapshot> Inputs, RunError? Error, string? ChildRunId);

/// <param name="SnapshotId">A text in JSON, as everywhere: JavaScript's numbers lose digits beyond 2^53.</param>
public sealed record TableSnapshot(string Table, [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long? SnapshotId);

/// <summary>Starts a run and returns its id at once.</summary>
/// <param name="FromTask">Runs this task and all after it; the ones before are taken from <paramref name="OfRun"/> (default: the latest run).</param>
[RequiresPermission(Permissions.PipelinesRun)]
public sealed record RunPipeline(
    string Name, IReadOnlyDictionary<string, string>? Parameters = null, string? FromTask = null, string? OfRun = null, string Trigger = "manual")
    : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"pipeline/{Name}";
}

[RequiresPermission(Permissions.PipelinesRun)]
public sealed record AwaitPipelineRun(string RunId) : IRequest<RunInfo>;

[RequiresPermission(Permissions.PipelinesRun)]
public sealed record CancelPipelineRun(string RunId) : IRequest, IAuditedRequest
{
    public string AuditObject => $"run/{RunId}";
}

[RequiresPermission(Permissions.PipelinesRun)]
public sealed record SetPipelinePaused(string Name, bool Paused) : IRequest, IAuditedRequest
{
    public string AuditObject => $"pipeline/{Name}";
}
