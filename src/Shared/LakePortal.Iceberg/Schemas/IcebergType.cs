namespace LakePortal.Iceberg.Schemas;

/// <summary>A type of the table format (specification, section "Schemas and Data Types").</summary>
public abstract record IcebergType;

public enum PrimitiveKind
{
    Boolean, Int, Long, Float, Double, Decimal, Date, Time, Timestamp, TimestampTz, TimestampNs, TimestampTzNs,
    String, Uuid, Fixed, Binary, Unknown, Variant,
}

/// <param name="Kind">Which primitive.</param>
/// <param name="Precision">Decimal only: 1 to 38.</param>
/// <param name="Scale">Decimal only: 0 to precision.</param>
/// <param name="Length">Fixed only: bytes.</param>
public sealed record PrimitiveType(PrimitiveKind Kind, int Precision = 0, int Scale = 0, int Length = 0) : IcebergType
{
    public static readonly PrimitiveType Boolean = new(PrimitiveKind.Boolean);
    public static readonly PrimitiveType Int = new(PrimitiveKind.Int);
    public static readonly PrimitiveType Long = new(PrimitiveKind.Long);
    public static readonly PrimitiveType Float = new(PrimitiveKind.Float);
    public static readonly PrimitiveType Double = new(PrimitiveKind.Double);
    public static readonly PrimitiveType Date = new(PrimitiveKind.Date);
    public static readonly PrimitiveType Time = new(PrimitiveKind.Time);
    public static readonly PrimitiveType Timestamp = new(PrimitiveKind.Timestamp);
    public static readonly PrimitiveType TimestampTz = new(PrimitiveKind.TimestampTz);
    public static readonly PrimitiveType String = new(PrimitiveKind.String);
    public static readonly PrimitiveType Uuid = new(PrimitiveKind.Uuid);
    public static readonly PrimitiveType Binary = new(PrimitiveKind.Binary);

    public static PrimitiveType Decimal(int precision, int scale) => new(PrimitiveKind.Decimal, precision, scale);

    public static PrimitiveType Fixed(int length) => new(PrimitiveKind.Fixed, Length: length);
}

public sealed record StructType(IReadOnlyList<NestedField> Fields) : IcebergType;

public sealed record ListType(int ElementId, IcebergType Element, bool ElementRequired) : IcebergType;

public sealed record MapType(int KeyId, IcebergType Key, int ValueId, IcebergType Value, bool ValueRequired) : IcebergType;

/// <param name="Id">Unique in the table for ever, never reused. 0 in a schema that is to be created: the table assigns ids.</param>
/// <param name="Name">Name; case is kept.</param>
/// <param name="Type">Type.</param>
/// <param name="Required">True: never null.</param>
/// <param name="Doc">Documentation of the column.</param>
/// <param name="InitialDefault">v3: value of rows written before the column was added, as a typed value (see <c>SingleValue</c>).</param>
/// <param name="WriteDefault">v3: value that writers use when none is given.</param>
public sealed record NestedField(
    int Id, string Name, IcebergType Type, bool Required = false, string? Doc = null, object? InitialDefault = null, object? WriteDefault = null);

/// <param name="SchemaId">Id among the table's schemas.</param>
/// <param name="Fields">Top-level columns in order.</param>
/// <param name="IdentifierFieldIds">Field ids of the row identifier (primary key), if any.</param>
public sealed record Schema(int SchemaId, IReadOnlyList<NestedField> Fields, IReadOnlyList<int> IdentifierFieldIds)
{
    /// <summary>A schema yet without ids, for a table that is to be created.</summary>
    public static Schema Of(params NestedField[] fields) => new(0, fields, []);

    public NestedField? Find(string name) => Fields.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.Ordinal));

    public NestedField? FindById(int id) => Fields.FirstOrDefault(f => f.Id == id);
}
