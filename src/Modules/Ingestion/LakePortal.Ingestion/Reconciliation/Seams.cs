using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Reconciliation;

/// <summary>
/// Brings the lake to a position of the source's log, so that both can be compared at the same moment. Several may be registered: the last one that
/// serves a sync is taken.
/// </summary>
internal interface ILakeBarrier
{
    bool Serves(SyncDefinition sync);

    /// <param name="sync">The sync.</param>
    /// <param name="position">Log position that belongs to the source's snapshot exactly.</param>
    /// <param name="longest">How long to wait for the lake to get there.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null: nothing was ever committed.</returns>
    Task<LakeMoment?> ReachAsync(SyncDefinition sync, string position, TimeSpan longest, CancellationToken cancellationToken);
}

/// <summary>A snapshot of a refined table, and the position that it stands for.</summary>
/// <param name="SnapshotId">The refined table's snapshot.</param>
/// <param name="Position">Everything that was committed before it is in the snapshot, and nothing else; an earlier one than asked for when the lake cannot get there by itself.</param>
internal sealed record LakeMoment(long SnapshotId, string Position)
{
    /// <summary>The branch that was made for the snapshot; it goes when the snapshot is not needed any more. Null: none was.</summary>
    public string? Branch { get; init; }
}

/// <summary>
/// What a rolling comparison needs of a lake that follows its source: its rows at a position, and the changes behind it with their transactions. The last one that
/// serves a sync is taken.
/// </summary>
internal interface IRollingLake
{
    bool Serves(SyncDefinition sync);

    /// <returns>The newest snapshot and its position; null: nothing was ever committed.</returns>
    Task<LakeMoment?> NewestAsync(SyncDefinition sync, CancellationToken cancellationToken);

    /// <summary>Waits until all changes before the position are in raw.</summary>
    Task ReachAsync(SyncDefinition sync, string position, TimeSpan longest, CancellationToken cancellationToken);

    /// <summary>Makes a table of the changes in raw at or behind <paramref name="from"/> and before <paramref name="to"/>: the lake's columns and the log's.</summary>
    /// <returns>Its columns.</returns>
    Task<IReadOnlyList<string>> StageChangesAsync(SyncDefinition sync, IStagingArea area, DuckDBConnection connection, string from, string to, string into, CancellationToken cancellationToken);

    /// <summary>Of these transactions, by the numbers that the log gives them, those that have changed the table before the position.</summary>
    Task<IReadOnlyList<long>> CommittedBeforeAsync(SyncDefinition sync, IStagingArea area, string position, IReadOnlyCollection<long> transactions, CancellationToken cancellationToken);
}

/// <summary>Writes the source's rows over what was found different. Several may be registered: the last one that serves a sync is taken.</summary>
internal interface IRepairLanding
{
    bool Serves(SyncDefinition sync);

    /// <summary>
    /// One commit to raw, one to refined. Of each key the newest version wins: what raw holds at a later position than <see cref="RepairRows.Position"/>
    /// stays.
    /// </summary>
    /// <exception cref="RepairOutdatedException">The lake has moved on in a way that this landing cannot order; nothing was written.</exception>
    Task<RepairOutcome> ApplyAsync(RepairRows repair, CancellationToken cancellationToken);
}

/// <summary>What a repair writes, staged in a private database.</summary>
/// <param name="Area">The private database.</param>
/// <param name="Connection">A connection to it on which nothing else runs.</param>
/// <param name="Plan">Columns, as a load would write them.</param>
/// <param name="Table">The source's table.</param>
/// <param name="Key">Key columns by their names in the lake.</param>
/// <param name="Rows">Name of the staged table of the rows to write: all columns of the plan by their names in the lake, each key at most once.</param>
/// <param name="DeletedKeys">Name of the staged table with the key columns of the rows that the source does not have.</param>
/// <param name="Position">Position at which the rows were read.</param>
/// <param name="ReadAt">When their snapshot was taken.</param>
/// <param name="Compared">The lake's moment that they were compared with.</param>
internal sealed record RepairRows(
    SyncDefinition Sync, string RunId, IStagingArea Area, DuckDBConnection Connection, TablePlan Plan, PgTable Table, IReadOnlyList<string> Key, string Rows, string DeletedKeys,
    string Position, DateTimeOffset ReadAt, LakeMoment Compared);

/// <param name="RowsWritten">Rows in refined's new data files.</param>
/// <param name="RowsDeleted">Rows of refined that were replaced or removed.</param>
internal sealed record RepairOutcome(long? RawSnapshotId, long? RefinedSnapshotId, long RowsWritten, long RowsDeleted);
