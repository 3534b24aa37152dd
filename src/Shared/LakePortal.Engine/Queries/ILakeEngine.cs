using Apache.Arrow;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Queries;

/// <summary>The SQL engine as everybody but the engine sees it. Every read of lake data by anyone goes through here.</summary>
public interface ILakeEngine
{
    /// <summary>
    /// Checks the statement (the gate), authorises it, pins one snapshot per table, and starts it. Results stream; nothing is read ahead
    /// beyond a few chunks. Disposing the query cancels it.
    /// </summary>
    /// <exception cref="EngineException">Syntax (with line and column), refused by the gate, unknown table or column, denied, time or memory limit.</exception>
    Task<ILakeQuery> StartAsync(LakeQueryRequest request, CancellationToken cancellationToken);

    /// <summary>Checks and binds without running: result columns, tables and columns used.</summary>
    Task<QueryDescription> DescribeAsync(LakeQueryRequest request, CancellationToken cancellationToken);
}

/// <param name="Sql">One SELECT-class statement over lake tables (<c>namespace.table</c>), with <c>AT (VERSION => …)</c> or <c>AT (TIMESTAMP => …)</c>.</param>
/// <param name="Caller">For whom: authorisation, row filters and masks are theirs.</param>
public sealed record LakeQueryRequest(string Sql, Caller Caller)
{
    /// <summary>Made by the caller when it wants to cancel by id; else made here.</summary>
    public string? QueryId { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>Values for <c>$name</c> parameters; may be null or empty.</summary>
    public IReadOnlyDictionary<string, object?>? Parameters { get; init; }

    /// <summary>Reads the named tables at another ref or snapshot (write-audit-publish checks read the audit branch).</summary>
    public IReadOnlyDictionary<TableIdentifier, SnapshotSelector>? At { get; init; }



}

/// <summary>A running query. One reader; dispose it to cancel and free the engine's memory.</summary>
public interface ILakeQuery : IAsyncDisposable
{
    string QueryId { get; }

    Schema ArrowSchema { get; }

    /// <summary>Columns as the engine names them and types them (DuckDB type names).</summary>
    IReadOnlyList<ResultColumn> Columns { get; }

    /// <summary>The snapshot each table was pinned at.</summary>
    IReadOnlyDictionary<TableIdentifier, long?> Snapshots { get; }

    IReadOnlyList<TableUse> Tables { get; }

    ScanStatistics Scan { get; }

    /// <summary>0 to 100; null when the engine cannot tell.</summary>
    double? Progress { get; }

    IAsyncEnumerable<RecordBatch> ReadAsync(CancellationToken cancellationToken);
}

public sealed record ResultColumn(string Name, string Type);

/// <summary>A table as a statement uses it.</summary>
/// <param name="Table">Table.</param>
/// <param name="Columns">Columns read (all of them when the binder cannot tell).</param>
public sealed record TableUse(TableIdentifier Table, IReadOnlyList<string> Columns);

public sealed record QueryDescription(IReadOnlyList<ResultColumn> Columns, IReadOnlyList<TableUse> Tables);

/// <summary>
/// The door that governance keeps: called once per statement with every table and column it reads, before anything runs.
/// No implementation registered: everything is denied.
/// </summary>
public interface IQueryAuthorizer
{
    Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken);

    /// <summary>May the caller know that the table exists? Decides what listings and completions show; hidden tables look absent.</summary>
    Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken);
}

/// <param name="Allowed">False: the statement does not run.</param>
/// <param name="Reason">For the caller, without leaking what is hidden; null when allowed.</param>
/// <param name="Restrictions">Row filters and masks by table; tables without an entry are unrestricted.</param>
public sealed record AccessDecision(bool Allowed, string? Reason, IReadOnlyDictionary<TableIdentifier, TableRestriction> Restrictions);

/// <param name="RowFilter">A scalar SQL expression over the table's columns; rows for which it is not true are absent. Null: none.</param>
/// <param name="Masks">By column: a scalar SQL expression that replaces it. Filters see the unmasked values.</param>
public sealed record TableRestriction(string? RowFilter, IReadOnlyDictionary<string, string> Masks);
