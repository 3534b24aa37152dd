using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion;

/// <summary>Errors of sources and syncs. Children are sealed and carry their facts.</summary>
public abstract class IngestionException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : LakePortalException(code, kind, message, hint, isTransient, inner);

/// <summary>The source cannot be reached, or the connection to it broke.</summary>
public sealed class SourceUnavailableException(string source, string message, string? hint, Exception? inner = null)
    : IngestionException("ingestion.source-unavailable", ErrorKind.Unavailable, message, hint, isTransient: true, inner)
{
    public string SourceName { get; } = source;
}

/// <summary>The session that held the moment at which a load reads is gone, and the moment with it: another one has to be taken.</summary>
public sealed class SourceSnapshotLostException(string source, string address, Exception inner)
    : IngestionException("ingestion.snapshot-lost", ErrorKind.Unavailable, $"The session on {address} that held the load's snapshot was ended, by the server or on the way.",
        "The run goes on by itself with a new snapshot. When it happens again: look at the server's log for restarts and ended sessions, and at proxies that cut long connections.", isTransient: true, inner)
{
    public string SourceName { get; } = source;
}

/// <summary>A run met one passing failure after another and stopped trying.</summary>
public sealed class AttemptsExhaustedException(string sync, int attempts, LakePortalException last)
    : IngestionException(last.Code, last.Kind, $"{last.Message} '{sync}' gave up after {attempts} attempts.",
        $"{last.Hint} Then run the sync again: finished chunks are kept where the table has a key.".TrimStart(), isTransient: true, last)
{
    public int Attempts { get; } = attempts;

    /// <summary>What ended the last attempt; its code is this error's.</summary>
    public LakePortalException Last { get; } = last;
}

/// <summary>The source answered, and refused: wrong password, missing privilege, unknown database.</summary>
public sealed class SourceRefusedException(string source, string reason, string message, string? hint, Exception? inner = null)
    : IngestionException("ingestion.source-refused", ErrorKind.Invalid, message, hint, isTransient: false, inner)
{
    public string SourceName { get; } = source;

    /// <summary><c>wrong-password</c>, <c>unknown-database</c>, <c>missing-privilege</c>, <c>no-hba-entry</c>, <c>tls</c>.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A source of a type that this process cannot read.</summary>
public sealed class SourceTypeNotAvailableException(string type)
    : IngestionException("ingestion.source-type-not-available", ErrorKind.Invalid, $"Sources of type '{type}' are not available.", "Available: postgres, mysql, mariadb.")
{
    public string Type { get; } = type;
}

/// <summary>A sync mode that the source or this process cannot do.</summary>
public sealed class ModeNotAvailableException(string mode)
    : IngestionException("ingestion.mode-not-available", ErrorKind.Invalid, $"The mode '{mode}' is not available for this source.", "Available: batch (full, or incremental with a cursor), snapshot.")
{
    public string Mode { get; } = mode;
}

/// <summary>The table of a sync is not in the source any more, or was never there.</summary>
public sealed class SourceTableMissingException(string source, string table, Exception? inner = null)
    : IngestionException("ingestion.table-missing", ErrorKind.NotFound, $"The table {table} does not exist in source '{source}'.",
        "Check the name (quoted names keep their case), or that it was not dropped or renamed; then apply the sync again.", inner: inner)
{
    public string SourceName { get; } = source;

    public string Table { get; } = table;
}

/// <summary>The table changed its definition while it was read.</summary>
public sealed class SourceTableChangedException(string table, string what, Exception? inner = null)
    : IngestionException("ingestion.table-changed", ErrorKind.Conflict, $"The table {table} changed while it was read: {what}.",
        "Run the sync again; it starts over with the new definition.", isTransient: true, inner)
{
    public string Table { get; } = table;
}

/// <summary>A table that has no column to load.</summary>
public sealed class TableWithoutColumnsException(string table)
    : IngestionException("ingestion.table-without-columns", ErrorKind.Invalid, $"The table {table} has no column to load.",
        "A lake table needs at least one column; leave the table out of the sync, or do not exclude all of its columns.")
{
    public string Table { get; } = table;
}

/// <summary>A column of the source became something that the lake's column cannot become without a rewrite.</summary>
public sealed class ColumnTypeChangedException(string table, string column, string lakeType, string wanted, string why)
    : IngestionException("ingestion.column-type-changed", ErrorKind.Conflict,
        $"The column '{column}' of {table} is {lakeType} in the lake and would have to become {wanted}: {why}.",
        "Run the sync in mode 'rebuild': the column gets its new type and all rows are loaded again (older snapshots keep the old type).")
{
    public string Table { get; } = table;

    public string Column { get; } = column;
}

/// <summary>The rows do not have the key that the sync was given.</summary>
public sealed class KeyViolatedException(string table, IReadOnlyList<string> key, string what)
    : IngestionException("ingestion.key-violated", ErrorKind.Invalid, $"The key ({string.Join(", ", key)}) of {table} does not identify rows: {what}.",
        "Set 'key' to columns that are unique and never null, or leave it out to use the primary key.")
{
    public string Table { get; } = table;

    public IReadOnlyList<string> Key { get; } = key;
}

/// <summary>An incremental load needs what the table does not have.</summary>
public sealed class IncrementalNotPossibleException(string table, string why)
    : IngestionException("ingestion.incremental-not-possible", ErrorKind.Invalid, $"{table} cannot be loaded incrementally: {why}.",
        "Leave out 'cursor' to load the table in full, or give the sync a unique 'key'.")
{
    public string Table { get; } = table;
}

/// <summary>The source sent bytes that are not the format it promised, or a value that its declared type does not allow.</summary>
public sealed class SourceProtocolException(string message, Exception? inner = null)
    : IngestionException("ingestion.protocol", ErrorKind.Internal, message, "Report this with the table's definition; as a way around, list the column under columns.text.", inner: inner);

/// <summary>No space for staging or data files.</summary>
public sealed class DiskFullException(string where, Exception inner)
    : IngestionException("ingestion.disk-full", ErrorKind.Unavailable, $"There is no space left while writing {where}.",
        "Free disk space, or move the data directory; nothing of this run is visible in the lake, and the next run continues.", inner: inner);

/// <summary>A sync that was stopped by somebody.</summary>
public sealed class RunCancelledException(string sync)
    : IngestionException("ingestion.cancelled", ErrorKind.Conflict, $"The run of '{sync}' was cancelled.", "Finished chunks are kept for the next run where the table has a key.");

/// <summary>partition_by names a column that is not loaded.</summary>
public sealed class PartitionColumnMissingException(string table, string column)
    : IngestionException("ingestion.partition-column-missing", ErrorKind.Invalid, $"{table} has no column '{column}' to partition by.",
        "Name a column of the source that is not excluded.")
{
    public string Table { get; } = table;

    public string Column { get; } = column;
}

/// <summary>There is nothing in the lake to compare the source with.</summary>
public sealed class NothingToReconcileException(string sync, string refined)
    : IngestionException("ingestion.nothing-to-reconcile", ErrorKind.Conflict, $"Nothing was ever loaded into {refined} by '{sync}'.", $"Run it first: ./lake sync {sync} --wait")
{
    public string Sync { get; } = sync;
}

/// <summary>A way of reconciling that the sync or this process cannot do.</summary>
public sealed class ReconciliationNotPossibleException(string sync, string why, string hint)
    : IngestionException("ingestion.reconciliation-not-possible", ErrorKind.Invalid, $"'{sync}' cannot be reconciled in this way: {why}.", hint)
{
    public string Sync { get; } = sync;
}

/// <summary>There is no dead letter to replay.</summary>
public sealed class NoDeadLettersException(string sync)
    : IngestionException("ingestion.no-dead-letters", ErrorKind.NotFound, $"'{sync}' has no open dead letter of these.", $"GET /api/v1/syncs/{sync}/dead-letters lists them.")
{
    public string Sync { get; } = sync;
}

/// <summary>Another reconciliation of the sync goes on.</summary>
public sealed class ReconciliationBusyException(string sync, string runId)
    : IngestionException("ingestion.reconciliation-busy", ErrorKind.Conflict, $"Another reconciliation of '{sync}' is going on: {runId}.", "Wait for its end, or cancel it.", isTransient: true)
{
    public string Sync { get; } = sync;
}

/// <summary>The lake moved on between the comparison and the repair.</summary>
public sealed class RepairOutdatedException(string sync)
    : IngestionException("ingestion.repair-outdated", ErrorKind.Conflict, $"'{sync}' was loaded again while its differences were being repaired; nothing was written.",
        "Reconcile it once more: the newer load may have removed the differences.", isTransient: true)
{
    public string Sync { get; } = sync;
}

/// <summary>The changes of one table cannot be followed until somebody decides; other tables go on.</summary>
public sealed class CaptureHeldException(string sync, string what, string hint)
    : IngestionException("ingestion.capture-held", ErrorKind.Conflict, what, hint)
{
    public string Sync { get; } = sync;
}

/// <summary>The columns of a table have changed in the source, and the sync does not follow that by itself.</summary>
public sealed class TableSchemaHeldException(string sync, string table, string policy, IReadOnlyList<string> changes)
    : IngestionException("ingestion.schema-held", ErrorKind.Conflict, $"{table} has changed: {string.Join("; ", changes)}. The sync does not take that over by itself (schema: {policy}).",
        $"Load the table again to take it over: the button on its page, or POST /api/v1/syncs/{sync}/bootstrap. With schema: evolve it follows by itself.")
{
    public string Sync { get; } = sync;
}

/// <summary>The session that reads a source's log ends, and another begins at once.</summary>
public sealed class CaptureRestartsException(string source, string why)
    : IngestionException("ingestion.capture-restarts", ErrorKind.Conflict, $"The reading of the log of '{source}' begins anew: {why}.", "Nothing has to be done.", isTransient: true)
{
    public string SourceName { get; } = source;
}

/// <summary>What a load was to join has changed under it.</summary>
public sealed class LoadOutdatedException(string sync, string state)
    : IngestionException("ingestion.load-outdated", ErrorKind.Conflict, $"While '{sync}' was being loaded its capture became '{state}': changes may be missing between the two.", "The load is started again by the capture.")
{
    public string Sync { get; } = sync;
}

/// <summary>The source's log cannot be read as things are; the message says what is missing and the hint holds the statement that puts it right.</summary>
public sealed class CaptureNotPossibleException(string source, string reason, string message, string hint, bool isTransient = false, Exception? inner = null)
    : IngestionException("ingestion.capture-not-possible", ErrorKind.Invalid, message, hint, isTransient, inner)
{
    public string SourceName { get; } = source;

    /// <summary><c>wal-level</c>, <c>no-replication</c>, <c>slot-in-use</c>, <c>no-slot-left</c>, <c>publication</c>, <c>standby</c>.</summary>
    public string Reason { get; } = reason;
}
