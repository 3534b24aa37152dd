using LakePortal.Engine.Queries;
using LakePortal.Iceberg;

namespace LakePortal.Engine.Writing;

/// <summary>
/// Writes into lake tables: data files by DuckDB with explicit casts to the table's schema, committed by Iceberg snapshots.
/// Everything is written first and committed at the end; a failure before the commit leaves nothing visible and removes the files it wrote.
/// </summary>
public interface ILakeWriter
{
    /// <summary>
    /// Runs a governed SELECT and writes its rows to the target, which is created with the result's columns when absent.
    /// Columns are matched by name; new columns of the result are added to the table; a column that is missing or of a type that
    /// cannot be promoted is an error that names it.
    /// </summary>
    Task<WriteOutcome> WriteQueryAsync(WriteQuery write, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a private DuckDB database (no lake access, memory-bound, spilling) into which the caller loads rows by itself, to be written
    /// afterwards: bulk loads from sources.
    /// </summary>
    Task<IStagingArea> OpenStagingAsync(CancellationToken cancellationToken);
}

public enum WriteMode
{
    /// <summary>All rows of the table are replaced in one snapshot.</summary>
    Replace,

    /// <summary>Rows are added.</summary>
    Append,

    /// <summary>Rows are inserted or replaced by key: position deletes for the old ones, one snapshot. Duplicate keys in the input: the last by <c>OrderBy</c> wins, without it they are an error.</summary>
    Merge,
}

/// <param name="Request">The SELECT and for whom it runs.</param>
/// <param name="Target">Table to write.</param>
/// <param name="Mode">How.</param>
public sealed record WriteQuery(LakeQueryRequest Request, TableIdentifier Target, WriteMode Mode)
{
    /// <summary>Merge: the key columns. They become the identifier fields of a table that is created.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    public IReadOnlyList<LakePortal.Iceberg.Catalog.PartitionBy> PartitionBy { get; init; } = [];

    /// <summary>Entries for the snapshot summary, e.g. <c>lakeportal.run</c>, <c>lakeportal.position.&lt;writer&gt;</c>.</summary>
    public IReadOnlyDictionary<string, string> Summary { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Merge: among rows with equal key the one that comes last by this trusted SQL list (<c>updated_at, version</c>) is written; null: such rows are an error.
    /// </summary>
    public string? OrderBy { get; init; }

    /// <summary>Merge: rows that are in the table already, equal in every column, are left as they are instead of being written again.</summary>
    public bool SkipUnchanged { get; init; }

    /// <summary>Writes to this branch instead of <c>main</c> (write-audit-publish).</summary>
    public string? Branch { get; init; }
}

/// <param name="SnapshotId">Snapshot that was committed.</param>
/// <param name="RowsWritten">Rows in the new data files.</param>
/// <param name="RowsDeleted">Rows removed by position deletes or with replaced files.</param>
/// <param name="Files">New data files.</param>
/// <param name="Bytes">Their size.</param>
public sealed record WriteOutcome(long? SnapshotId, long RowsWritten, long RowsDeleted, int Files, long Bytes)
{
    /// <summary>Tables and snapshots that were read, for lineage.</summary>
    public IReadOnlyDictionary<TableIdentifier, long?> Inputs { get; init; } = new Dictionary<TableIdentifier, long?>();
}
