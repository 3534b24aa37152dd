using System.Text.Json.Nodes;
using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Serving.Contracts.Queries;

/// <summary>Runs SQL and returns at most <see cref="Limit"/> rows. Values are exact: JSON numbers keep all digits, what JSON lacks (NaN, dates, blobs) is text.</summary>
/// <param name="As">Run as another user; needs <c>queries.run-as</c>.</param>
/// <param name="Limit">Rows to return, not rows to compute; default 1000, most 100000.</param>
/// <param name="Engine">Only <c>local</c> so far.</param>
/// <param name="QueryId">Chosen by the caller in order to cancel; else made.</param>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record ExecuteQuery(
    string Sql, string? As = null, int? Limit = null, string? Engine = null, string? QueryId = null, string? Client = null)
    : IRequest<QueryAnswer>;

/// <param name="Rows">One array per row, in column order.</param>
/// <param name="Truncated">There were more rows than the limit.</param>
public sealed record QueryAnswer(
    string QueryId, IReadOnlyList<QueryColumn> Columns, IReadOnlyList<JsonArray> Rows, bool Truncated, QueryStatistics Stats);

public sealed record QueryColumn(string Name, string Type);

/// <param name="Snapshots">Table → snapshot id it was pinned at.</param>
public sealed record QueryStatistics(
    double Milliseconds, long Rows, int FilesTotal, int FilesScanned, long BytesPlanned, IReadOnlyDictionary<string, string> Snapshots);

/// <summary>Streams a result into a stream: exports that never hold all rows. The stream is flushed, not closed.</summary>
/// <param name="Format"><c>csv</c> (formulas neutralised), <c>tsv</c> (values as they are), <c>jsonl</c>.</param>
/// <param name="Limit">Most rows; null for all.</param>
/// <param name="Engine">Only <c>local</c> so far.</param>
/// <param name="UnixLines">Ends the lines of csv with LF, for shells, instead of RFC 4180's CRLF.</param>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record ExportQuery(
    string Sql, string Format, Stream Output, string? As = null, long? Limit = null, string? Engine = null, bool UnixLines = false) : IRequest<long>;

/// <summary>Own queries; those of others need <c>system.read</c>. False when it is not running.</summary>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record CancelQuery(string QueryId) : IRequest<bool>;

/// <summary>0 to 100, null when the engine cannot tell or the query is not running.</summary>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record GetQueryProgress(string QueryId) : IRequest<double?>;

/// <summary>What waits or runs now, oldest first: own queries; with <c>system.read</c> those of everybody.</summary>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record ListActiveQueries : IRequest<IReadOnlyList<ActiveQuery>>;

/// <param name="User">For whom it runs.</param>
/// <param name="State"><c>waiting</c>, <c>running</c> or <c>streaming</c>.</param>
/// <param name="Progress">0 to 100; null when the engine cannot tell.</param>
public sealed record ActiveQuery(string QueryId, string User, string Sql, string State, DateTimeOffset StartedAt, double? Progress);

/// <param name="State"><c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelled</c>.</param>
public sealed record QueryHistoryEntry(
    string QueryId, string User, string Sql, string State, DateTimeOffset StartedAt, double? Milliseconds, long? Rows, string? Error);

/// <summary>Own history, newest first.</summary>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record ListQueryHistory(int Limit = 50, string? Contains = null) : IRequest<IReadOnlyList<QueryHistoryEntry>>;

public sealed record SavedQuery(string Name, string? Description, string Sql, string Owner, DateTimeOffset UpdatedAt);

/// <summary>Saved queries (<c>kind: query</c>); saved through <c>PutObject</c>.</summary>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record ListSavedQueries : IRequest<IReadOnlyList<SavedQuery>>;

/// <summary>For the editor: tables the caller may see, with columns.</summary>
[RequiresPermission(Permissions.QueriesRun)]
public sealed record GetCompletions : IRequest<IReadOnlyList<CompletionTable>>;

public sealed record CompletionTable(string Table, IReadOnlyList<QueryColumn> Columns);
