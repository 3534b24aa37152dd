using LakePortal.Kernel.Errors;

namespace LakePortal.Iceberg;

/// <summary>A file of the table (metadata, manifest list, manifest, deletion vector) is damaged or breaks the specification.</summary>
public sealed class InvalidMetadataException(string subject, string reason, Exception? inner = null)
    : IcebergException("iceberg.invalid-metadata", ErrorKind.Invalid, $"Cannot read the {subject}: {reason}.",
        "The table was written by a broken writer, or the file is damaged. Check it with the program that wrote it.", inner: inner)
{
    public string Subject { get; } = subject;

    public string Reason { get; } = reason;
}

/// <summary>The table, column, partition or property asked for cannot exist.</summary>
public sealed class InvalidTableDefinitionException(string reason)
    : IcebergException("iceberg.invalid-definition", ErrorKind.Invalid, $"This is not possible: {reason}.", "Change the definition and try again.")
{
    public string Reason { get; } = reason;
}

/// <summary>The schema change breaks the rules of schema evolution.</summary>
public sealed class InvalidSchemaChangeException(string reason)
    : IcebergException("iceberg.invalid-schema-change", ErrorKind.Invalid, $"The schema cannot be changed this way: {reason}.",
        "Add a new column instead, or write a new table.")
{
    public string Reason { get; } = reason;
}

/// <summary>There is no such snapshot, branch or tag, or none at that time.</summary>
public sealed class SnapshotNotFoundException(string reason)
    : IcebergException("iceberg.snapshot-not-found", ErrorKind.NotFound, reason, "List the table's snapshots on its page, or read the newest.")
{
}

/// <summary>The change handed in contradicts itself (a defect of the caller).</summary>
public sealed class InvalidChangeException(string reason)
    : IcebergException("iceberg.invalid-change", ErrorKind.Internal, $"The change cannot be committed: {reason}.", null)
{
    public string Reason { get; } = reason;
}

/// <summary>The format version can be read but not written.</summary>
public sealed class FormatVersionNotWritableException(TableIdentifier identifier, int formatVersion)
    : IcebergException("iceberg.format-version", ErrorKind.Invalid, $"The table '{identifier}' has format version {formatVersion}, which can only be read.",
        "Only tables of format version 2 are written.")
{
    public int FormatVersion { get; } = formatVersion;
}

/// <summary>The catalog failed in the middle of the swap, and it cannot be told whether the commit took place. Nothing was removed.</summary>
public sealed class CommitStateUnknownException(TableIdentifier identifier, string metadataLocation, Exception inner)
    : IcebergException("iceberg.commit-state-unknown", ErrorKind.Unavailable,
        $"The catalog failed while '{identifier}' was committed, and whether the commit took place is not known.",
        $"Look whether the table's history contains '{metadataLocation}' before running it again.", inner: inner)
{
    public TableIdentifier Identifier { get; } = identifier;

    public string MetadataLocation { get; } = metadataLocation;
}

/// <summary>An adopted table names files where this machine has none.</summary>
public sealed class UnmappedLocationException(string location, string reason, string map, Exception? inner = null)
    : IcebergException("iceberg.unmapped-location", ErrorKind.Invalid, $"The lake file '{location}' {reason}.",
        $"Say where the table's files are now: --map '{map}'.", inner: inner)
{
    public string Location { get; } = location;

    /// <summary>The mapping that would fit, as <c>from=to</c>.</summary>
    public string Map { get; } = map;
}

/// <summary>A file of the lake is missing, exists already, or cannot be read or written.</summary>
public sealed class LakeFileException(string location, string reason, bool isTransient = false, Exception? inner = null, string? hint = null)
    : IcebergException("iceberg.file", ErrorKind.Unavailable, $"The lake file '{location}' {reason}.",
        hint ?? "Check the disk: free space, permissions, and whether the file was removed.", isTransient, inner)
{
    public string Location { get; } = location;

    /// <summary>What follows the file's name in the message.</summary>
    public string Reason { get; } = reason;
}
