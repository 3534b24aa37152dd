using DuckDB.NET.Data;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing;

/// <summary>
/// A private in-memory DuckDB database for bulk loads. SQL here is the program's own, never a user's. Files written but not committed are
/// removed when the area is disposed.
/// </summary>
public interface IStagingArea : IAsyncDisposable
{
    /// <summary>The first connection to the area's database.</summary>
    DuckDBConnection Connection { get; }

    /// <summary>A further connection to the same database, for writing one table while another is filled.</summary>
    DuckDBConnection OpenConnection();

    /// <summary>
    /// Writes the rows of a trusted SELECT as data files of the table (its current schema and default partition spec), not yet visible.
    /// The SELECT's columns are matched to the schema by name and cast explicitly.
    /// </summary>
    Task<IReadOnlyList<ContentFile>> WriteFilesAsync(DuckDBConnection connection, string trustedSelect, TableIdentifier target, CancellationToken cancellationToken);

    /// <summary>One append snapshot of files written before (this area or, after a restart, a recorded earlier one).</summary>
    Task<WriteOutcome> CommitAppendAsync(TableIdentifier target, IReadOnlyList<ContentFile> files, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken);

    /// <summary>One snapshot that replaces every row of the table by the files.</summary>
    Task<WriteOutcome> CommitReplaceAsync(TableIdentifier target, IReadOnlyList<ContentFile> files, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken);

    /// <summary>
    /// Upserts a staged relation into the table by key: finds the live positions of the keys, writes position deletes and new data files, one snapshot.
    /// <paramref name="trustedSelect"/> yields each key at most once. A row whose <paramref name="deletedFlagColumn"/> (not a column of the table) is true is only deleted.
    /// </summary>
    Task<WriteOutcome> MergeAsync(TableIdentifier target, string trustedSelect, IReadOnlyList<string> key, string? deletedFlagColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken);

    /// <summary>The same into a branch of the table, which must exist; <c>main</c> stays as it is.</summary>
    Task<WriteOutcome> MergeIntoBranchAsync(
        TableIdentifier target, string branch, string trustedSelect, IReadOnlyList<string> key, string? deletedFlagColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken);

    /// <summary>
    /// Changes how often rows are in a table without a key, one snapshot: of each row of a staged relation, <paramref name="copiesColumn"/> (a whole number, not a column of the table)
    /// says how many equal ones are added or, negative, how many equal ones go: by position deletes, nothing else is written. Null equals null. Rows that are not there are not missed:
    /// <see cref="WriteOutcome.RowsDeleted"/> counts what went.
    /// </summary>
    Task<WriteOutcome> ApplyCopiesAsync(TableIdentifier target, string trustedSelect, string copiesColumn, IReadOnlyDictionary<string, string> summary, CancellationToken cancellationToken);

    /// <summary>
    /// The live rows of a table at a snapshot, as a subquery in parentheses for statements on <paramref name="connection"/>: its data files minus
    /// deletes, whoever wrote them. No policies apply: for the program's own comparisons, never for showing rows to anybody.
    /// </summary>
    /// <param name="connection">A connection of this area; positions of deletion vectors are put there.</param>
    /// <param name="table">Table.</param>
    /// <param name="snapshotId">Snapshot.</param>
    /// <param name="columns">Columns by their names at the snapshot; none: rows can be counted.</param>
    /// <param name="cancellationToken">Stops reading metadata.</param>
    Task<string> ScanAsync(DuckDBConnection connection, TableIdentifier table, long snapshotId, IReadOnlyList<string> columns, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the table <paramref name="into"/> in the area's database from the rows that the lake table has now with the keys of a trusted SELECT, all columns.
    /// </summary>
    Task CopyRowsAsync(DuckDBConnection connection, TableIdentifier source, string keysSelect, IReadOnlyList<string> key, string into, CancellationToken cancellationToken);

    /// <summary>Makes the table <paramref name="into"/> in the area's database from the rows that the lake table has now.</summary>
    /// <param name="predicate">Leaves out files that hold no such row; null: reads all.</param>
    /// <param name="trustedWhere">Condition on the table's columns; null: all rows.</param>
    Task CopyTableAsync(DuckDBConnection connection, TableIdentifier source, Predicate? predicate, string? trustedWhere, string into, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps files that are not committed when the area is disposed, so that a recorded list of them (<see cref="ContentFileJson"/>) can be
    /// committed after a restart. Orphan removal takes them if that never happens.
    /// </summary>
    void Keep(IReadOnlyList<ContentFile> files);

    /// <summary>Removes files that were written by this or an earlier area and will not be committed.</summary>
    Task DiscardAsync(IReadOnlyList<ContentFile> files, CancellationToken cancellationToken);
}
