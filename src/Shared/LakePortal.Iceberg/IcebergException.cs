using LakePortal.Kernel.Errors;

namespace LakePortal.Iceberg;

/// <summary>Errors of the table format and its catalog.</summary>
public abstract class IcebergException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : LakePortalException(code, kind, message, hint, isTransient, inner);

public sealed class TableNotFoundException(TableIdentifier identifier)
    : IcebergException("iceberg.table-not-found", ErrorKind.NotFound, $"There is no table '{identifier}'.", "List the tables with ./lake status table.")
{
    public TableIdentifier Identifier { get; } = identifier;
}

public sealed class TableExistsException(TableIdentifier identifier)
    : IcebergException("iceberg.table-exists", ErrorKind.Conflict, $"A table '{identifier}' exists already.", "Choose another name, or drop it first.")
{
    public TableIdentifier Identifier { get; } = identifier;
}

/// <summary>SQL could not tell the two apart.</summary>
public sealed class NameDiffersByCaseException(TableIdentifier identifier, TableIdentifier other)
    : IcebergException("iceberg.name-differs-by-case", ErrorKind.Conflict, $"'{identifier}' and the table '{other}' differ by upper and lower case alone.",
        $"Write '{(identifier.Namespace == other.Namespace ? other.ToString() : $"{other.Namespace}.{identifier.Name}")}', or choose another name.")
{
    public TableIdentifier Identifier { get; } = identifier;

    public TableIdentifier Other { get; } = other;
}

public sealed class TableReadOnlyException(TableIdentifier identifier)
    : IcebergException("iceberg.table-read-only", ErrorKind.Conflict, $"The table '{identifier}' was adopted read-only.", "Write to a table of your own, e.g. with a pipeline that selects from it.")
{
    public TableIdentifier Identifier { get; } = identifier;
}

/// <summary>Another commit changed what this one relied on.</summary>
public sealed class CommitConflictException(TableIdentifier identifier, string reason)
    : IcebergException("iceberg.commit-conflict", ErrorKind.Conflict, $"The commit to '{identifier}' conflicts with another: {reason}.", "Run it again; it will see the newer rows.", isTransient: true)
{
    public TableIdentifier Identifier { get; } = identifier;

    public string Reason { get; } = reason;
}
