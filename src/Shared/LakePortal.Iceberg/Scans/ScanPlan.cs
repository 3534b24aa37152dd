using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Scans;

/// <summary>Which snapshot to read. Give at most one; none is the head of <c>main</c>.</summary>
public sealed record SnapshotSelector
{
    public static readonly SnapshotSelector Current = new();

    public long? SnapshotId { get; init; }

    /// <summary>The snapshot that was current at this moment (by the snapshot log, not by parents).</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>Branch or tag.</summary>
    public string? Ref { get; init; }
}

/// <summary>All that an engine needs to read a table at one snapshot.</summary>
/// <param name="SnapshotId">Null: the table has no snapshot yet, there are no tasks.</param>
/// <param name="Schema">The snapshot's schema when a snapshot or time was asked for, else the table's current schema.</param>
/// <param name="Specs">Partition specs by id.</param>
/// <param name="Tasks">The live data files that may hold matching rows, each with the delete files that apply to it.</param>
/// <param name="NameMapping">Default name mapping for files without field ids; null when the table has none.</param>
/// <param name="Statistics">What pruning did.</param>
public sealed record ScanPlan(
    long? SnapshotId,
    Schema Schema,
    IReadOnlyDictionary<int, PartitionSpec> Specs,
    IReadOnlyList<FileScanTask> Tasks,
    NameMapping? NameMapping,
    ScanStatistics Statistics);

/// <param name="File">The data file.</param>
/// <param name="Deletes">Delete files whose scope (sequence number, spec, partition) covers the data file.</param>
public sealed record FileScanTask(ContentFile File, IReadOnlyList<ContentFile> Deletes);

public sealed record ScanStatistics(
    int ManifestsTotal, int ManifestsRead, int FilesTotal, int FilesKept, long BytesKept, long RowsKept);

/// <summary>Maps names in files to field ids (specification, section "Name Mapping Serialization").</summary>
public sealed record NameMapping(IReadOnlyList<MappedField> Fields);

public sealed record MappedField(int? FieldId, IReadOnlyList<string> Names, IReadOnlyList<MappedField> Children);

/// <summary>
/// A condition for pruning. A row for which it is not true may be left out by the scan; a row for which it is true never is.
/// Values are typed as in <see cref="ContentFile"/>.
/// </summary>
public abstract record Predicate
{
    public sealed record And(Predicate Left, Predicate Right) : Predicate;

    public sealed record Or(Predicate Left, Predicate Right) : Predicate;

    /// <param name="FieldId">Column.</param>
    /// <param name="Op">Comparison; a null column never matches.</param>
    /// <param name="Value">Not null.</param>
    public sealed record Compare(int FieldId, CompareOp Op, object Value) : Predicate;

    public sealed record In(int FieldId, IReadOnlyList<object> Values) : Predicate;

    public sealed record StartsWith(int FieldId, string Prefix) : Predicate;

    public sealed record IsNull(int FieldId) : Predicate;

    public sealed record NotNull(int FieldId) : Predicate;
}

public enum CompareOp
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
