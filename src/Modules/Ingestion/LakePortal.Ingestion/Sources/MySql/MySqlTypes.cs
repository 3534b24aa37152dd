using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Capture.TextValues;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>
/// MySQL type to lake type, without loss. Values travel as the server prints them in results; those of the binary log are brought into the same form, so that
/// one decoder reads both.
/// </summary>
internal static class MySqlTypes
{
    /// <remarks>A float of its own prints six digits; as part of an expression it is a double, which prints as many as it takes.</remarks>
    private const string Exact = "({0} + 0e0)";

    /// <summary>A bit column's bytes as a number.</summary>
    private const string Number = "({0} + 0)";

    public static MappedType Map(MySqlColumn column) => column.DataType switch
    {
        "tinyint" or "smallint" or "mediumint" or "year" => Int(),
        "int" or "integer" => column.IsUnsigned ? Long() : Int(),
        "bigint" => column.IsUnsigned ? Decimal(20, 0) : Long(),
        "decimal" or "numeric" => column.Precision <= 38 ? Decimal(column.Precision, column.Scale) : Text(null, $"{column.DisplayType} has more than 38 digits"),
        "float" => new MappedType(PrimitiveType.Float, "FLOAT", new FloatTextDecoder(), Exact),
        "double" or "real" => new MappedType(PrimitiveType.Double, "DOUBLE", new DoubleTextDecoder(), Exact),
        "bit" => column.Precision switch
        {
            <= 1 => new MappedType(PrimitiveType.Boolean, "BOOLEAN", new BitDecoder(), Number),
            < 64 => Long() with { Cast = Number },
            _ => Decimal(20, 0) with { Cast = Number },
        },
        "date" => new MappedType(PrimitiveType.Date, "DATE", new MySqlDateDecoder()),
        "datetime" => new MappedType(PrimitiveType.Timestamp, "TIMESTAMP", new MySqlTimestampDecoder()),
        "timestamp" => new MappedType(PrimitiveType.TimestampTz, "TIMESTAMPTZ", new MySqlTimestampDecoder()),
        "time" => new MappedType(PrimitiveType.Time, "TIME", new MySqlTimeDecoder()),
        "char" or "varchar" or "tinytext" or "text" or "mediumtext" or "longtext" or "enum" or "set" or "json" => Text(null, null),
        "binary" or "varbinary" or "tinyblob" or "blob" or "mediumblob" or "longblob" => new MappedType(PrimitiveType.Binary, "BLOB", new BinaryDecoder()),
        "uuid" => new MappedType(PrimitiveType.Uuid, "UUID", new UuidTextDecoder()),
        _ when IsSpatial(column) => new MappedType(PrimitiveType.Binary, "BLOB", new GeometryDecoder(), Note: "well-known binary; with the reference system in it (EWKB) where a value has one"),
        _ => Text(null, column.DataType is "inet4" or "inet6" ? null : $"{column.DataType} has no exact lake type"),
    };

    /// <summary>The same column as text.</summary>
    public static MappedType AsText(MySqlColumn column, string? note) => column.DataType switch
    {
        "float" => Text(Exact, note) with { Decoder = new FloatAsTextDecoder(isSingle: true) },
        "double" or "real" => Text(Exact, note) with { Decoder = new FloatAsTextDecoder(isSingle: false) },
        "bit" => Text(Number, note),
        _ when IsBinary(column) => Text(null, note) with { Decoder = new HexTextDecoder() },
        _ => Text(null, note),
    };

    public static bool IsSpatial(MySqlColumn column) =>
        column.DataType is "geometry" or "point" or "linestring" or "polygon" or "multipoint" or "multilinestring" or "multipolygon" or "geometrycollection" or "geomcollection";

    private static bool IsBinary(MySqlColumn column) => column.DataType is "binary" or "varbinary" or "tinyblob" or "blob" or "mediumblob" or "longblob" || IsSpatial(column);

    private static MappedType Int() => new(PrimitiveType.Int, "INTEGER", new Int32TextDecoder());

    private static MappedType Long() => new(PrimitiveType.Long, "BIGINT", new Int64TextDecoder());

    private static MappedType Decimal(int precision, int scale) => new(PrimitiveType.Decimal(precision, scale), $"DECIMAL({precision},{scale})", new DecimalTextDecoder(precision, scale));

    private static MappedType Text(string? cast, string? note) => new(PrimitiveType.String, "VARCHAR", new TextDecoder(), cast, note);
}
