using System.Text.Json.Nodes;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using MediatR;

namespace LakePortal.Ingestion.Contracts.Reconciliation;

/// <summary>Compares a sync's table in the source with its refined table, row by row, at one moment of each; returns the run's id at once.</summary>
/// <param name="Sync">The sync.</param>
/// <param name="Method"><c>snapshot</c> (default): the whole table at one position. <c>rolling</c>: key range by key range, each in a short transaction, for tables that follow their changes.</param>
/// <param name="Repair">Writes the source's rows over the differing ones and compares those again.</param>
/// <param name="Sample">About this many rows, in key ranges chosen at random; null: all.</param>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record StartReconciliation(string Sync, string? Method = null, bool Repair = false, long? Sample = null, string Trigger = "manual") : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"sync/{Sync}";
}

/// <summary>
/// Brings a part of a table that follows its changes in line with its source while both go on: rows with a value of a column in a range, on either side, are compared, and what
/// differs is written as the source has it (<c>_load_type</c> BATCH); changes captured later win. Returns the id of the reconciliation that does it.
/// </summary>
/// <param name="Column">By its name in the source; null: the first column of the key.</param>
/// <param name="From">Inclusive, as the source prints values; null: from the first.</param>
/// <param name="To">Exclusive; null: to the last.</param>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record BackfillSync(string Sync, string? Column = null, string? From = null, string? To = null) : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"sync/{Sync}";
}

/// <summary>
/// Brings the rows of dead letters in line with the source, and puts those letters that can be read by now into raw as the changes that they were. Returns the id of the
/// reconciliation that does it.
/// </summary>
/// <param name="Positions">Of the letters; null: all that are open.</param>
[RequiresPermission(Permissions.SyncsRun)]
public sealed record ReplayDeadLetters(string Sync, IReadOnlyList<string>? Positions = null) : IRequest<string>, IAuditedRequest
{
    public string AuditObject => $"sync/{Sync}";
}

/// <summary>Changes that could not be applied, newest first. What the caller may not see in the refined table is left out.</summary>
/// <param name="All">Also those that were replayed.</param>
/// <param name="Before">Older than the letter at this position (paging).</param>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record ListDeadLetters(string Sync, bool All = false, string? Before = null, int Limit = 100) : IRequest<IReadOnlyList<DeadLetterInfo>>;

/// <param name="Position">Place in the source's log.</param>
/// <param name="Op"><c>c</c>, <c>u</c> or <c>d</c>.</param>
/// <param name="Payload">The row's values as texts; a value that did not change and was not sent is absent.</param>
/// <param name="Hidden">Something was left out that the caller may not see.</param>
/// <param name="Outcome"><c>replayed</c> (in raw by now), <c>settled</c> (the row was taken from the source); null: open.</param>
public sealed record DeadLetterInfo(
    string Position, string Op, long? Txid, DateTimeOffset? CommittedAt, string Reason, JsonObject? Payload, bool Hidden, DateTimeOffset? LandedAt, DateTimeOffset? ReplayedAt, string? Outcome);

/// <summary>Waits for a reconciliation to end.</summary>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record AwaitReconciliation(string Id) : IRequest<ReconciliationInfo>;

[RequiresPermission(Permissions.SyncsRun)]
public sealed record CancelReconciliation(string Id) : IRequest, IAuditedRequest
{
    public string AuditObject => $"run/{Id}";
}

/// <exception cref="LakePortal.Kernel.Errors.ObjectNotFoundException">No such reconciliation.</exception>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record GetReconciliation(string Id) : IRequest<ReconciliationInfo>;

/// <summary>Newest first.</summary>
/// <param name="Sync">Only of this sync.</param>
/// <param name="Before">Older than this id (paging).</param>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record ListReconciliations(string? Sync = null, int Limit = 50, string? Before = null) : IRequest<IReadOnlyList<ReconciliationInfo>>;

/// <summary>The key ranges of a reconciliation with the counts of both sides: the heat map.</summary>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record ListReconciliationRanges(string Id) : IRequest<IReadOnlyList<ReconciliationRange>>;

/// <summary>
/// Differing rows side by side, at most as many as were kept. Values that the caller may not see in the refined table are left out.
/// </summary>
/// <param name="After">Number of the last difference seen (paging).</param>
[RequiresPermission(Permissions.SyncsRead)]
public sealed record ListDifferences(string Id, int After = 0, int Limit = 100) : IRequest<IReadOnlyList<ReconciliationDifference>>;

/// <param name="State">The run's: <c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelled</c>, or <c>interrupted</c> when the process was stopped meanwhile.</param>
/// <param name="Position">Where the source was; everything committed before it was compared. Of a rolling comparison: where it began; each range was compared at that moment or later.</param>
/// <param name="LakePosition">Where the lake was; a sync without capture may be behind the source, and then differences may be changes that were not loaded yet.</param>
/// <param name="Verdict"><c>equal</c>, <c>different</c>, <c>repaired</c>; null while it runs.</param>
/// <param name="Missing">Rows that the lake lacks.</param>
/// <param name="Extra">Rows that only the lake has.</param>
/// <param name="Changed">Rows with another value in at least one column.</param>
/// <param name="TypeLoss">Of the changed ones: those whose source value the lake's type cannot hold.</param>
/// <param name="Notes">What was not compared, and why; what else a reader of the verdict should know.</param>
public sealed record ReconciliationInfo(
    string Id, string Sync, string Method, string State, string? Position, string? LakePosition, bool PositionExact, long? LakeSnapshotId, long? RowsSource, long? RowsLake,
    string? Verdict, long Missing, long Extra, long Changed, long TypeLoss, int Ranges, int RangesDifferent, long? Sample, bool Repair, long Repaired, long? RepairSnapshotId,
    DateTimeOffset StartedAt, double Seconds, IReadOnlyList<string> Notes, RunError? Error)
{
    /// <summary>The part of the table that was compared, in words; null: the whole of it, or a sample.</summary>
    public string? Scope { get; init; }
}

/// <param name="Low">First key value of the range; null: no lower end.</param>
/// <param name="High">Exclusive; null: no upper end.</param>
/// <param name="Verdict"><c>equal</c> or <c>different</c>.</param>
public sealed record ReconciliationRange(int Number, string? Low, string? High, long RowsSource, long RowsLake, string Verdict, string Position);

/// <param name="Key">Key columns and their values; for tables without a key the row's hash.</param>
/// <param name="Kind"><c>missing</c>, <c>extra</c>, <c>changed</c>, <c>type-loss</c>.</param>
/// <param name="Columns">Columns that differ; empty for missing and extra rows.</param>
/// <param name="Source">The source's row as texts; null: it has none. Columns that the caller may not see are absent.</param>
/// <param name="Lake">The lake's row.</param>
public sealed record ReconciliationDifference(
    int Number, JsonObject? Key, string Kind, IReadOnlyList<string> Columns, JsonObject? Source, JsonObject? Lake, bool Repaired, bool Hidden);
