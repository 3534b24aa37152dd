using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Offload.Mapping;

/// <summary>How a type travels: lake type, staging type, what the SELECT must do, and who decodes it.</summary>
/// <param name="Cast">SQL around the column, with {0}; null: the column as it is.</param>
internal sealed record MappedType(IcebergType Type, string StagingType, ColumnDecoder Decoder, string? Cast = null, string? Note = null);

/// <summary>PostgreSQL type to lake type, without loss. What has no exact lake type becomes text as PostgreSQL prints it.</summary>
internal static class TypeMapper
{
    private const string TextCast = "{0}::text";

    public static MappedType Map(PgColumn column, IReadOnlyDictionary<uint, PgType> types)
    {
        var (type, modifier) = Resolve(column.TypeOid, column.TypeModifier, types);
        return MapResolved(type, modifier, types);
    }

    /// <summary>The same column as text.</summary>
    public static MappedType AsText(PgColumn column, IReadOnlyDictionary<uint, PgType> types, string? note)
    {
        var (type, _) = Resolve(column.TypeOid, column.TypeModifier, types);
        return Text(IsExactText(type) ? null : OutputCast(type), note);
    }

    /// <summary>Domains down to the type below them.</summary>
    private static (PgType Type, int Modifier) Resolve(uint oid, int modifier, IReadOnlyDictionary<uint, PgType> types)
    {
        var type = types[oid];
        while (type.Kind == 'd')
        {
            modifier = type.TypeModifier;
            type = types[type.BaseOid];
        }

        return (type, modifier);
    }

    private static MappedType MapResolved(PgType type, int modifier, IReadOnlyDictionary<uint, PgType> types)
    {
        if (type.IsArray)
        {
            return MapArray(type, modifier, types);
        }

        if (type.Kind == 'e')
        {
            return Text(null, null);
        }

        if (type.Name == "hstore" && type.Kind == 'b')
        {
            return new MappedType(new MapType(0, PrimitiveType.String, 0, PrimitiveType.String, ValueRequired: false), "MAP(VARCHAR, VARCHAR)", new HstoreDecoder());
        }

        if (type.Schema != "pg_catalog" || type.Kind != 'b')
        {
            return Text(OutputCast(type), $"{Kind(type)} {type.Name} has no exact lake type");
        }

        return type.Name switch
        {
            "bool" => new(PrimitiveType.Boolean, "BOOLEAN", new BooleanDecoder()),
            "int2" => new(PrimitiveType.Int, "INTEGER", new Int16Decoder()),
            "int4" => new(PrimitiveType.Int, "INTEGER", new Int32Decoder()),
            "int8" => new(PrimitiveType.Long, "BIGINT", new Int64Decoder()),
            "oid" => new(PrimitiveType.Long, "BIGINT", new OidDecoder()),
            "float4" => new(PrimitiveType.Float, "FLOAT", new FloatDecoder()),
            "float8" => new(PrimitiveType.Double, "DOUBLE", new DoubleDecoder()),
            "numeric" => MapNumeric(modifier),
            "uuid" => new(PrimitiveType.Uuid, "UUID", new UuidDecoder()),
            "bytea" => new(PrimitiveType.Binary, "BLOB", new BinaryDecoder()),
            "date" => new(PrimitiveType.Date, "DATE", new DateDecoder()),
            "time" => new(PrimitiveType.Time, "TIME", new TimeDecoder()),
            "timestamp" => new(PrimitiveType.Timestamp, "TIMESTAMP", new TimestampDecoder()),
            "timestamptz" => new(PrimitiveType.TimestampTz, "TIMESTAMPTZ", new TimestampDecoder()),
            "jsonb" => new(PrimitiveType.String, "VARCHAR", new JsonbDecoder()),
            _ when IsExactText(type) => Text(null, null),
            _ => Text(OutputCast(type), $"{type.Name} has no exact lake type"),
        };
    }

    /// <summary>Types whose binary form is their text.</summary>
    private static bool IsExactText(PgType type) =>
        type.Kind == 'e' || (type.Schema == "pg_catalog" && type.Name is "text" or "varchar" or "bpchar" or "name" or "json");

    private static MappedType MapNumeric(int modifier)
    {
        if (modifier < 4)
        {
            return Text(TextCast, "numeric without a declared precision holds any number");
        }

        // numeric's modifier: precision in the upper half, an 11-bit signed scale in the lower one, plus 4 (since version 15; earlier scales are 0 to 1000).
        var precision = ((modifier - 4) >> 16) & 0xFFFF;
        var scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
        var digits = scale < 0 ? precision - scale : Math.Max(precision, scale);
        var lakeScale = Math.Max(scale, 0);
        return digits > 38
            ? Text(TextCast, $"numeric({precision},{scale}) has more than 38 digits")
            : new MappedType(PrimitiveType.Decimal(digits, lakeScale), $"DECIMAL({digits},{lakeScale})", new NumericDecoder(digits, lakeScale));
    }

    private static MappedType MapArray(PgType array, int modifier, IReadOnlyDictionary<uint, PgType> types)
    {
        var (element, elementModifier) = Resolve(array.ElementOid, modifier, types);
        if (element.IsArray || element.Name == "hstore")
        {
            return Text(OutputCast(array), $"an array of {element.Name} has no exact lake type");
        }

        var mapped = MapResolved(element, elementModifier, types);

        // Arrays of what has no typed form are sent as text[]: PostgreSQL converts each element by its own output function.
        var cast = mapped.Cast is null ? null : "{0}::text[]";
        var decoder = mapped.Cast is null ? mapped.Decoder : new TextDecoder();
        return element.Name == "inet" && mapped.Cast is not null
            ? Text(OutputCast(array), "an array of inet has no exact lake type")
            : new MappedType(new ListType(0, mapped.Type, ElementRequired: false), mapped.StagingType + "[]", new ArrayDecoder(decoder), cast, mapped.Note);
    }

    private static MappedType Text(string? cast, string? note) => new(PrimitiveType.String, "VARCHAR", new TextDecoder(), cast, note);

    /// <summary>Casting inet to text adds a prefix length that printing does not; every other cast to text prints.</summary>
    private static string OutputCast(PgType type) => type is { Schema: "pg_catalog", Name: "inet" } ? "pg_catalog.textin(pg_catalog.inet_out({0}))" : TextCast;

    private static string Kind(PgType type) => type.Kind switch
    {
        'c' => "the composite type", 'r' => "the range type", 'm' => "the multirange type", 'e' => "the enum", _ => "the type",
    };
}
