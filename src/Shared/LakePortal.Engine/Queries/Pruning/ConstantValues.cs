using System.Globalization;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Queries.Pruning;

/// <summary>Values as DuckDB hands them over, in the form that predicates of the table format take.</summary>
internal static class ConstantValues
{
    public static object? ToIceberg(object value, PrimitiveType type) => type.Kind switch
    {
        PrimitiveKind.Boolean => (bool)value,
        PrimitiveKind.Int or PrimitiveKind.Date => Convert.ToInt32(value, CultureInfo.InvariantCulture),
        PrimitiveKind.Long or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        PrimitiveKind.Float => float.IsFinite((float)value) ? value : null,
        PrimitiveKind.Double => double.IsFinite((double)value) ? value : null,
        PrimitiveKind.String => (string)value,
        PrimitiveKind.Decimal => IcebergDecimal.TryParse((string)value, out var parsed) && parsed.TryRescale(type.Scale, out var scaled) ? scaled : null,
        PrimitiveKind.Uuid => Guid.Parse((string)value),
        _ => null,
    };
}
