using LakePortal.Ingestion.Contracts.Capture;
using System.Text.Json.Serialization;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using MediatR;

namespace LakePortal.Ingestion.Contracts.Syncs;

/// <param name="State"><c>idle</c>, <c>queued</c>, <c>running</c>, <c>paused</c>, <c>failed</c>, <c>never-run</c>; of syncs that follow changes also <c>waiting</c>, <c>loading</c>, <c>streaming</c>, <c>held</c>.</param>
public sealed record SyncSummary(
    string Name, string Source, string SourceTable, string Mode, string State, string? Reason, string Raw, string Refined,
    string? Schedule, DateTimeOffset? NextRunAt, DateTimeOffset? LastCommitAt, long? RowsRaw, long? RowsRefined, RunInfo? LastRun);

/// <param name="Source">Only syncs of this source.</param>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record ListSyncs(string? Source = null) : IRequest<IReadOnlyList<SyncSummary>>;

/// <summary>The status document of the API.</summary>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record GetSyncStatus(string Name) : IRequest<SyncStatus>;

/// <param name="SourcePosition">Where the source's log is now; null when it cannot be asked.</param>
/// <param name="AppliedPosition">Position that the newest refined snapshot stands for.</param>
/// <param name="CursorValue">Incremental syncs: the highest cursor value below which nothing can be missing.</param>
public sealed record SyncStatus(
    SyncSummary Summary, string? SourcePosition, string? CapturedPosition, string? AppliedPosition, double? LagSeconds, long? LagBytes,
    string? CursorColumn, string? CursorValue, IReadOnlyList<string> Key, IReadOnlyList<SyncColumn> Columns, SyncRunDetail? Current)
{
    /// <summary>Position up to which a reconciliation of all rows has found the lake equal to the source; null: none has.</summary>
    public string? VerifiedThrough { get; init; }

    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>How it is compared with its source by the clock; null: it is not.</summary>
    public ReconciliationSchedule? Reconcile { get; init; }

    /// <summary>Of syncs that follow changes: what becomes of other columns in the source. <c>evolve</c>, <c>freeze</c> or <c>hold</c>.</summary>
    public string? SchemaPolicy { get; init; }

    /// <summary>Of syncs that follow changes: how the reading of the source's log is going.</summary>
    public CaptureStatus? Capture { get; init; }
}

/// <param name="Method"><c>snapshot</c> or <c>rolling</c>.</param>
/// <param name="Sample">About so many rows each time; null: all.</param>
public sealed record ReconciliationSchedule(string Schedule, string? Timezone, string Method, long? Sample, bool Repair, DateTimeOffset? NextRunAt);

public sealed record SyncColumn(string Name, string SourceType, string LakeType, string? Note);

/// <summary>Starts a run and returns its id at once; a run of the same sync that is queued or running is returned instead of a second one.</summary>
/// <param name="Mode">Overrides the mode for this run; <c>full</c> reloads an incremental sync from the start.</param>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record RunSync(string Name, string? Mode = null, string Trigger = "manual", string? ParentRunId = null) : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"sync/{Name}";
}

/// <summary>Waits for a sync run to end.</summary>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record AwaitSyncRun(string RunId) : IRequest<RunInfo>;

[RequiresPermission(Permissions.SyncsRun)]
public sealed record CancelSyncRun(string RunId) : IRequest, IAuditedRequest
{
    public string AuditObject => $"run/{RunId}";
}

/// <summary>A paused sync does not start by schedule; runs by hand still do.</summary>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record SetSyncPaused(string Name, bool Paused) : IRequest, IAuditedRequest
{
    public string AuditObject => $"sync/{Name}";
}

/// <summary>A run with its chunks.</summary>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record GetSyncRun(string RunId) : IRequest<SyncRunDetail>;

/// <param name="Consistency"><c>one-moment</c>: all chunks were read in one snapshot of the source; <c>several-moments</c>: the run was resumed, chunks name their positions. Refined is the source at <paramref name="Position"/> in both cases.</param>
public sealed record SyncRunDetail(
    RunInfo Run, string Mode, string? Position, string Consistency, int Attempt, IReadOnlyList<ChunkInfo> Chunks,
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long? RawSnapshotId,
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long? RefinedSnapshotId);

/// <param name="State"><c>waiting</c>, <c>reading</c>, <c>done</c>, <c>kept</c> (read by an earlier attempt), <c>failed</c>.</param>
/// <param name="Range">Key range or page range, readable.</param>
/// <param name="Position">Log position of the snapshot in which it was read.</param>
public sealed record ChunkInfo(int Number, string State, string Range, long Rows, long Bytes, string? Position, double Seconds);
