using LakePortal.Iceberg;
using LakePortal.Kernel.Errors;

namespace LakePortal.Engine.Writing;

/// <summary>A column's values cannot go into the table as they are.</summary>
public sealed class ColumnMismatchException(TableIdentifier target, string column, string message, string hint)
    : EngineException("engine.column-mismatch", ErrorKind.Invalid, $"Column '{column}' cannot be written to '{target}': {message}.", hint)
{
    public TableIdentifier Target { get; } = target;

    public string Column { get; } = column;
}

/// <summary>A DuckDB type that has no counterpart in the table format.</summary>
public sealed class TypeNotStorableException(string type)
    : EngineException("engine.type-not-storable", ErrorKind.Invalid, $"Values of type {type} cannot be stored in a lake table.", "Cast the column to a type that can, e.g. CAST(x AS VARCHAR).")
{
    public string TypeName { get; } = type;
}

/// <summary>A result has two columns that differ in nothing or in case only.</summary>
public sealed class DuplicateColumnException(string first, string second)
    : EngineException("engine.duplicate-column", ErrorKind.Invalid, $"The columns '{first}' and '{second}' have the same name (case does not count).", "Give one of them another name with AS.")
{
    public string First { get; } = first;

    public string Second { get; } = second;
}

/// <summary>A value that the table format has no way to express, found after writing and before committing.</summary>
public sealed class ColumnValueException(TableIdentifier target, string column, string message, string hint)
    : EngineException("engine.column-value", ErrorKind.Invalid, $"Column '{column}' of '{target}' {message}.", hint)
{
    public TableIdentifier Target { get; } = target;

    public string Column { get; } = column;
}

/// <summary>DuckDB refused or failed the statement that makes the files.</summary>
public sealed class WriteFailedException(TableIdentifier target, string detail, string hint, ErrorKind kind, Exception inner)
    : EngineException("engine.write-failed", kind, $"Writing to '{target}' failed: {detail}", hint, inner: inner)
{
    public TableIdentifier Target { get; } = target;

    public string Detail { get; } = detail;
}

public sealed class TooManyPartitionsException(TableIdentifier target, int files, int limit)
    : EngineException("engine.too-many-partitions", ErrorKind.LimitExceeded, $"The write to '{target}' made {files} files, more than the limit of {limit}.",
        "Partition more coarsely (month instead of day, fewer buckets), write fewer partitions at a time, or raise Writer:MaxFilesPerWrite.")
{
    public TableIdentifier Target { get; } = target;

    public int Files { get; } = files;

    public int Limit { get; } = limit;
}

public sealed class TransformNotWritableException(TableIdentifier target, string transform, string column)
    : EngineException("engine.transform-not-writable", ErrorKind.Invalid, $"The table '{target}' is partitioned by {transform}({column}), which cannot be computed here.", "Write it with the engine that made it, or change its partition spec.")
{
    public TableIdentifier Target { get; } = target;

    public string Transform { get; } = transform;
}

/// <summary>A merge was asked for with keys that do not identify rows.</summary>
public sealed class MergeKeyException(TableIdentifier target, string message, string hint)
    : EngineException("engine.merge-key", ErrorKind.Invalid, $"The rows cannot be merged into '{target}': {message}.", hint)
{
    public TableIdentifier Target { get; } = target;
}

/// <summary>The table holds deletes or files of others that a merge must not touch.</summary>
public sealed class TableNotMergeableException(TableIdentifier target, string reason)
    : EngineException("engine.table-not-mergeable", ErrorKind.Conflict, $"The table '{target}' cannot be merged into: {reason}.", "Compact it with the engine that wrote it, or replace the whole table.")
{
    public TableIdentifier Target { get; } = target;
}

/// <summary>A merge lost against other writers every time it tried.</summary>
public sealed class WriteContentionException(TableIdentifier target, int attempts, Exception inner)
    : EngineException("engine.write-contention", ErrorKind.Conflict, $"The write to '{target}' was overtaken by other commits {attempts} times.", "Run it again later, or let fewer jobs write to the table.", isTransient: true, inner)
{
    public TableIdentifier Target { get; } = target;

    public int Attempts { get; } = attempts;
}

/// <summary>A compaction would not have kept every row. Nothing was committed.</summary>
public sealed class CompactionMismatchException(TableIdentifier target, long expected, long found)
    : EngineException(
        "engine.compaction-mismatch", ErrorKind.Internal, $"The table '{target}' was not compacted: its files have {expected} live rows, the new ones {found}.",
        "Nothing was changed. A delete file may name a row twice or one that is not there: rebuild the table, or leave it as it is.")
{
    public TableIdentifier Target { get; } = target;
}
