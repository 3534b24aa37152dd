using LakePortal.Engine.Queries.Binding;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Queries;

/// <summary>The DuckDB type in which a column of the table format is read.</summary>
internal static class ScanTypes
{
    public static string Sql(IcebergType type) => type switch
    {
        PrimitiveType p => Primitive(p),
        StructType s => $"STRUCT({string.Join(", ", s.Fields.Select(f => $"{SqlQuote.Name(f.Name)} {Sql(f.Type)}"))})",
        ListType l => $"{Sql(l.Element)}[]",
        MapType m => $"MAP({Sql(m.Key)}, {Sql(m.Value)})",
        _ => throw Unreadable(type.ToString()),
    };

    private static string Primitive(PrimitiveType type) => type.Kind switch
    {
        PrimitiveKind.Boolean => "BOOLEAN",
        PrimitiveKind.Int => "INTEGER",
        PrimitiveKind.Long => "BIGINT",
        PrimitiveKind.Float => "FLOAT",
        PrimitiveKind.Double => "DOUBLE",
        PrimitiveKind.Decimal => FormattableString.Invariant($"DECIMAL({type.Precision}, {type.Scale})"),
        PrimitiveKind.Date => "DATE",
        PrimitiveKind.Time => "TIME",
        PrimitiveKind.Timestamp => "TIMESTAMP",
        PrimitiveKind.TimestampTz => "TIMESTAMP WITH TIME ZONE",
        PrimitiveKind.TimestampNs => "TIMESTAMP_NS",
        PrimitiveKind.String => "VARCHAR",
        PrimitiveKind.Uuid => "UUID",
        PrimitiveKind.Fixed or PrimitiveKind.Binary => "BLOB",
        PrimitiveKind.Unknown => "INTEGER",
        _ => throw Unreadable(type.Kind.ToString()),
    };

    private static TableUnreadableException Unreadable(string type) =>
        new(null, $"Columns of the type '{type}' cannot be read yet.", "Select the other columns by name.");
}
