using DuckDB.NET.Native;
using LakePortal.Engine.Queries.Binding;

namespace LakePortal.Engine.Queries.Results;

/// <summary>DuckDB's own names of types, as DESCRIBE shows them.</summary>
internal static class TypeText
{
    public static string Of(DuckDBLogicalType type) => Of(type, Simple);

    /// <summary>
    /// The type to which a column with times of day and their offsets, at any depth, is cast in order to keep the offsets: text in their place.
    /// Null for other columns.
    /// </summary>
    public static string? WithOffsetsAsText(DuckDBLogicalType type)
    {
        var hasOffsets = false;
        var text = Of(type, id =>
        {
            hasOffsets |= id == DuckDBType.TimeTz;
            return id is DuckDBType.TimeTz or DuckDBType.Enum ? "VARCHAR" : Simple(id);
        });
        return hasOffsets ? text : null;
    }

    private static string Of(DuckDBLogicalType type, Func<DuckDBType, string> simple)
    {
        var id = NativeMethods.LogicalType.DuckDBGetTypeId(type);
        switch (id)
        {
            case DuckDBType.Decimal:
                return FormattableString.Invariant(
                    $"DECIMAL({NativeMethods.LogicalType.DuckDBDecimalWidth(type)},{NativeMethods.LogicalType.DuckDBDecimalScale(type)})");
            case DuckDBType.List:
                using (var child = NativeMethods.LogicalType.DuckDBListTypeChildType(type))
                {
                    return Of(child, simple) + "[]";
                }

            case DuckDBType.Array:
                using (var child = NativeMethods.LogicalType.DuckDBArrayTypeChildType(type))
                {
                    return FormattableString.Invariant($"{Of(child, simple)}[{NativeMethods.LogicalType.DuckDBArrayVectorGetSize(type)}]");
                }

            case DuckDBType.Map:
                using (var key = NativeMethods.LogicalType.DuckDBMapTypeKeyType(type))
                using (var value = NativeMethods.LogicalType.DuckDBMapTypeValueType(type))
                {
                    return $"MAP({Of(key, simple)}, {Of(value, simple)})";
                }

            case DuckDBType.Struct:
                return "STRUCT(" + string.Join(", ", Enumerable.Range(0, (int)NativeMethods.LogicalType.DuckDBStructTypeChildCount(type)).Select(i => Field(type, i, simple))) + ")";
            default:
                return simple(id);
        }
    }

    private static string Field(DuckDBLogicalType type, int index, Func<DuckDBType, string> simple)
    {
        using var child = NativeMethods.LogicalType.DuckDBStructTypeChildType(type, index);
        return $"{SqlQuote.Name(NativeMethods.LogicalType.DuckDBStructTypeChildName(type, index))} {Of(child, simple)}";
    }

    private static string Simple(DuckDBType id) => id switch
    {
        DuckDBType.UnsignedTinyInt => "UTINYINT",
        DuckDBType.UnsignedSmallInt => "USMALLINT",
        DuckDBType.UnsignedInteger => "UINTEGER",
        DuckDBType.UnsignedBigInt => "UBIGINT",
        DuckDBType.UnsignedHugeInt => "UHUGEINT",
        DuckDBType.TimestampS => "TIMESTAMP_S",
        DuckDBType.TimestampMs => "TIMESTAMP_MS",
        DuckDBType.TimestampNs => "TIMESTAMP_NS",
        DuckDBType.TimestampTz => "TIMESTAMP WITH TIME ZONE",
        DuckDBType.TimeTz => "TIME WITH TIME ZONE",
        DuckDBType.SqlNull => "\"NULL\"",
        DuckDBType.VarInt => "BIGNUM",
        _ => id.ToString().ToUpperInvariant(),
    };
}
