using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Capture.TextValues;

/// <summary>
/// Decoders of values as PostgreSQL prints them, which is how its log is read: every type has a text form, and it is the very text that batch loads take for
/// what has no exact lake type. Same lake types, same refusals as the decoders of the binary forms.
/// </summary>
internal static class TextForms
{
    /// <remarks>Other sources have one form of a value only, and their columns' own decoders read it.</remarks>
    public static ColumnDecoder DecoderFor(ColumnPlan column) =>
        column.Decoder is HashDecoder || column.Source is not PgColumn ? column.Decoder : For(column.Type, column.Source.DisplayType);

    private static ColumnDecoder For(IcebergType type, string sourceType) => type switch
    {
        ListType list => new ArrayTextDecoder(For(list.Element, sourceType), sourceType.StartsWith("box", StringComparison.Ordinal) ? (byte)';' : (byte)','),
        MapType => new HstoreTextDecoder(),
        PrimitiveType { Kind: PrimitiveKind.Decimal } number => new DecimalTextDecoder(number.Precision, number.Scale),
        PrimitiveType p => p.Kind switch
        {
            PrimitiveKind.Boolean => new BooleanTextDecoder(),
            PrimitiveKind.Int => new Int32TextDecoder(),
            PrimitiveKind.Long => new Int64TextDecoder(),
            PrimitiveKind.Float => new FloatTextDecoder(),
            PrimitiveKind.Double => new DoubleTextDecoder(),
            PrimitiveKind.Uuid => new UuidTextDecoder(),
            PrimitiveKind.Binary => new BinaryTextDecoder(),
            PrimitiveKind.Date => new DateTextDecoder(),
            PrimitiveKind.Time => new TimeTextDecoder(),
            PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => new TimestampTextDecoder(),
            PrimitiveKind.String => new TextDecoder(),
            _ => throw new InvalidOperationException($"No column of a source becomes {p.Kind}."),
        },
        _ => throw new InvalidOperationException($"No column of a source becomes {type}."),
    };
}
