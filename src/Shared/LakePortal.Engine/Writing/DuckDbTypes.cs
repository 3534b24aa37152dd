using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing;

/// <summary>The one table between DuckDB's types and those of the table format.</summary>
public static class DuckDbTypes
{
    /// <summary>
    /// The Iceberg type that stores every value of a DuckDB type, ids yet unassigned. Narrow integers widen to int and long, UBIGINT to
    /// decimal(20,0), HUGEINT to decimal(38,0) (a value beyond it fails the write); ENUM, JSON, BIT, INTERVAL, TIMETZ, TIMESTAMP_NS and UHUGEINT become string.
    /// </summary>
    /// <param name="duckDbType">As DESCRIBE prints it: <c>DECIMAL(12,2)</c>, <c>STRUCT(a INTEGER, "b c" VARCHAR[])</c>.</param>
    /// <exception cref="TypeNotStorableException">UNION, GEOMETRY and other types without a counterpart.</exception>
    public static IcebergType ToIceberg(string duckDbType) => DuckDbTypeParser.Parse(duckDbType);

    /// <summary>The DuckDB type to which values are cast before they are written or after they are read.</summary>
    /// <exception cref="TypeNotStorableException">fixed, variant and nanosecond types: DuckDB cannot write what the specification asks for.</exception>
    public static string ToDuckDb(IcebergType type) => type switch
    {
        PrimitiveType primitive => Primitive(primitive),
        StructType s => $"STRUCT({string.Join(", ", s.Fields.Select(f => $"{WriterSql.Name(f.Name)} {ToDuckDb(f.Type)}"))})",
        ListType l => $"{ToDuckDb(l.Element)}[]",
        MapType m => $"MAP({ToDuckDb(m.Key)}, {ToDuckDb(m.Value)})",
        _ => throw new TypeNotStorableException(type.GetType().Name),
    };

    private static string Primitive(PrimitiveType type) => type.Kind switch
    {
        PrimitiveKind.Boolean => "BOOLEAN",
        PrimitiveKind.Int => "INTEGER",
        PrimitiveKind.Long => "BIGINT",
        PrimitiveKind.Float => "FLOAT",
        PrimitiveKind.Double => "DOUBLE",
        PrimitiveKind.Decimal => $"DECIMAL({type.Precision},{type.Scale})",
        PrimitiveKind.Date => "DATE",
        PrimitiveKind.Time => "TIME",
        PrimitiveKind.Timestamp => "TIMESTAMP",
        PrimitiveKind.TimestampTz => "TIMESTAMP WITH TIME ZONE",
        PrimitiveKind.String => "VARCHAR",
        PrimitiveKind.Uuid => "UUID",
        PrimitiveKind.Binary => "BLOB",
        _ => throw new TypeNotStorableException(type.Kind.ToString()),
    };
}
