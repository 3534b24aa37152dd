using LakePortal.Iceberg;
using LakePortal.Kernel.Errors;

namespace LakePortal.Engine.Queries;

/// <summary>The text is not SQL. Line and column count from 1.</summary>
public sealed class SqlSyntaxException : EngineException
{
    public SqlSyntaxException(string message, int? line, int? column)
        : base("engine.syntax", ErrorKind.Invalid, line is null ? $"SQL syntax: {message}." : $"SQL syntax, line {line}, column {column}: {message}.",
            "Check the spelling near that place; strings take single quotes, names with special characters double quotes.")
    {
        Line = line;
        Column = column;
        if (line is not null)
        {
            Faults = [new InputFault($"line {line}, column {column}", message)];
        }
    }

    public int? Line { get; }

    public int? Column { get; }
}

/// <summary>The statement does something that is not a read of governed tables.</summary>
public sealed class StatementRefusedException(string message, string hint)
    : EngineException("engine.refused", ErrorKind.Invalid, message, hint);

/// <summary>The statement's expressions are nested deeper than the engine goes.</summary>
public sealed class StatementTooDeepException()
    : EngineException("engine.too-deep", ErrorKind.Invalid, "The expressions of the statement are nested too deeply; 1000 levels are the limit.",
        "Compute parts of it in a WITH; write a long chain of || as concat(…), of + as list_sum([…]).");

/// <summary>The statement names a table that does not exist, or that the caller may not know of.</summary>
public sealed class UnknownTableException(string name, string hint)
    : EngineException("engine.unknown-table", ErrorKind.NotFound, $"There is no table '{name}'.", hint)
{
    public string Name { get; } = name;
}

/// <summary>The statement does not fit the tables: unknown columns, wrong types, ambiguous names.</summary>
public sealed class QueryBindingException(string message, string hint)
    : EngineException("engine.binding", ErrorKind.Invalid, message, hint);

/// <summary>There is no such snapshot, branch, tag or time of a table.</summary>
public sealed class UnknownSnapshotException(TableIdentifier table, string what)
    : EngineException("engine.unknown-snapshot", ErrorKind.NotFound, $"The table '{table}' has no {what}.", "The table's page lists its snapshots, branches and tags.")
{
    public TableIdentifier Table { get; } = table;
}

/// <summary>The policies do not let the caller read what the statement reads.</summary>
public sealed class QueryDeniedException(string reason)
    : EngineException("engine.denied", ErrorKind.Forbidden, reason, "Ask a data steward for access to these tables and columns.");

/// <summary>The time limit of the statement was reached.</summary>
public sealed class QueryTimeoutException(TimeSpan limit)
    : EngineException("engine.timeout", ErrorKind.LimitExceeded, $"The query ran into its time limit of {limit.TotalSeconds:0.###} s.",
        "Read fewer rows (filter by a partition column), or check its joins for a missing condition. The limit is the configuration's Engine:DefaultTimeout; for a task of a pipeline, its timeout.")
{
    public TimeSpan Limit { get; } = limit;
}

/// <summary>The query was cancelled by somebody, not by the reader's own token.</summary>
public sealed class QueryCancelledException(string queryId)
    : EngineException("engine.cancelled", ErrorKind.Conflict, "The query was cancelled.", "Run it again if this was not meant.")
{
    public string QueryId { get; } = queryId;
}

/// <summary>The engine's memory (and its room for spilling) did not suffice.</summary>
public sealed class QueryMemoryException()
    : EngineException("engine.out-of-memory", ErrorKind.LimitExceeded, "The query needs more memory than the engine has.",
        "Read fewer rows or columns, aggregate earlier, or avoid collecting everything into one list; an operator can raise the engine's memory limit.");

/// <summary>Too many queries wait already.</summary>
public sealed class EngineBusyException(int waiting)
    : EngineException("engine.busy", ErrorKind.LimitExceeded, $"{waiting} queries wait already.", "Try again in a moment.", isTransient: true)
{
    public int Waiting { get; } = waiting;
}

/// <summary>The data made the statement fail: a value that cannot be converted, a number out of range.</summary>
public sealed class QueryDataException(string message, string hint)
    : EngineException("engine.data", ErrorKind.Invalid, message, hint);

/// <summary>A file of a table cannot be read, or is in a form that the engine does not read.</summary>
public sealed class TableUnreadableException(TableIdentifier? table, string message, string hint, Exception? inner = null)
    : EngineException("engine.table-unreadable", ErrorKind.Unavailable, message, hint, inner: inner)
{
    public TableIdentifier? Table { get; } = table;
}

/// <summary>The engine failed in a way that neither the statement nor the data explain.</summary>
public sealed class EngineFailureException(string message, Exception? inner)
    : EngineException("engine.failure", ErrorKind.Internal, message, "The log has the details; send them to whoever runs this portal.", inner: inner);
