using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Ingestion.Contracts.Capture;

/// <summary>How the reading of a source's log is going; null: no sync follows changes of the source.</summary>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record GetCapture(string Source) : IRequest<CaptureStatus?>;

/// <param name="State"><c>starting</c>, <c>streaming</c>, <c>waiting</c> (it broke and is tried again), <c>stopped</c>.</param>
/// <param name="SourcePosition">Where the source's log was when it was last asked.</param>
/// <param name="CapturedPosition">Everything before it is in the lake.</param>
/// <param name="LagSeconds">Age of the newest change when it was committed to the lake.</param>
/// <param name="LagBytes">Log between both positions.</param>
/// <param name="RetainedBytes">Log that the server keeps for the slot; of a binary log what is still to be read.</param>
/// <param name="SafeBytes">What may be written before the server drops log that is still needed; null: it never does.</param>
/// <param name="SlotStatus"><c>reserved</c>, <c>extended</c>, <c>unreserved</c>, <c>lost</c>. Of a binary log, which the server removes by age: <c>binlog</c>, or <c>oldest</c> when what is read next is in its oldest file.</param>
/// <param name="Changes">Since the process started.</param>
public sealed record CaptureStatus(
    string Source, string State, string? Reason, string? Hint, string Slot, string Publication, string? SourcePosition, string? CapturedPosition, DateTimeOffset? CapturedAt, double? LagSeconds, long? LagBytes,
    long? RetainedBytes, long? SafeBytes, string? SlotStatus, double ChangesPerSecond, long Changes, IReadOnlyList<CapturedTableStatus> Tables)
{
    /// <summary>Of a binary log, which knows no slots: the number by which the server tells this reader from others; null: it is no binary log.</summary>
    public string? Reader { get; init; }
}

/// <param name="State"><c>waiting</c> (for its load), <c>loading</c>, <c>streaming</c>, <c>paused</c>, <c>held</c> (somebody has to decide, see the hint).</param>
/// <param name="RawPosition">Everything before it is in raw.</param>
/// <param name="RefinedPosition">What refined stands for.</param>
/// <param name="Changes">Captured so far.</param>
/// <param name="GapFrom">Changes from there on were lost and are being made good; null: none are.</param>
public sealed record CapturedTableStatus(
    string Sync, string SourceTable, string State, string? Reason, string? Hint, string? RawPosition, string? RefinedPosition, DateTimeOffset? LastCommitAt, long Changes, long DeadLetters, string? GapFrom);

/// <summary>What happened, newest first.</summary>
/// <param name="Sync">Only events of this sync and of its source as a whole.</param>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record ListCaptureEvents(string Source, string? Sync = null, int Limit = 100) : IRequest<IReadOnlyList<CaptureEvent>>;

/// <param name="Kind"><c>slot</c>, <c>bootstrap</c>, <c>schema-change</c>, <c>pause</c>, <c>resume</c>, <c>gap</c>, <c>hold</c>, <c>restart</c>.</param>
public sealed record CaptureEvent(string Id, DateTimeOffset At, string? Sync, string Kind, string Message, string? Position);

/// <summary>Ends the session that reads the log of the sync's source and begins another; a table that was held is tried again.</summary>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record RestartCapture(string Sync) : IRequest, IAuditedRequest
{
    public string AuditObject => $"sync/{Sync}";
}

/// <summary>Loads the table of a sync that follows changes once more, while its changes go on; returns the run's id. Other tables of the source do not wait.</summary>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record BootstrapSync(string Name) : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"sync/{Name}";
}
