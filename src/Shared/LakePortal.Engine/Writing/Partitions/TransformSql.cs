using System.Globalization;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Partitions;

/// <summary>The partition transforms (specification, section "Partition Transforms") in SQL.</summary>
internal static class TransformSql
{
    private const string MicrosPerHour = "3600000000";

    /// <returns>Null: unknown, or not defined for the type.</returns>
    public static string? Of(Transform transform, PrimitiveType source, string sql)
    {
        var parameter = transform.Parameter.ToString(CultureInfo.InvariantCulture);
        return transform.Name switch
        {
            "identity" => source.Kind == PrimitiveKind.Binary ? $"hex({sql})" : sql,
            "bucket" when transform.Parameter > 0 && BucketFunctions.Expression(source, sql) is { } hash => $"(({hash} & 2147483647) % {parameter})",
            "truncate" when transform.Parameter > 0 => Truncate(source, sql, transform.Parameter),
            "year" => Timestamp(source, sql) is { } at ? $"CAST(year({at}) - 1970 AS INTEGER)" : null,
            "month" => Timestamp(source, sql) is { } at ? $"CAST((year({at}) - 1970) * 12 + month({at}) - 1 AS INTEGER)" : null,
            "day" => Timestamp(source, sql) is { } at ? $"CAST({at} AS DATE)" : null,
            "hour" when source.Kind is PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz =>

                // Integer division goes toward zero; hours before 1970 go down.
                $"CAST((epoch_us({sql}) - ((epoch_us({sql}) % {MicrosPerHour}) + {MicrosPerHour}) % {MicrosPerHour}) // {MicrosPerHour} AS INTEGER)",
            _ => null,
        };
    }

    /// <summary>A date or timestamp whose calendar is UTC's, whatever the session's time zone.</summary>
    private static string? Timestamp(PrimitiveType source, string sql) => source.Kind switch
    {
        PrimitiveKind.Date or PrimitiveKind.Timestamp => sql,
        PrimitiveKind.TimestampTz => $"({sql} AT TIME ZONE 'UTC')",
        _ => null,
    };

    private static string? Truncate(PrimitiveType source, string sql, int width)
    {
        var w = width.ToString(CultureInfo.InvariantCulture);
        switch (source.Kind)
        {
            case PrimitiveKind.Int or PrimitiveKind.Long:
                return $"({sql} - ((({sql} % {w}) + {w}) % {w}))";
            case PrimitiveKind.Decimal:
                // The width counts in units of the last digit.
                var unit = $"CAST({new Iceberg.Values.IcebergDecimal(width, source.Scale)} AS DECIMAL(38,{source.Scale.ToString(CultureInfo.InvariantCulture)}))";
                return $"CAST({sql} - ((({sql} % {unit}) + {unit}) % {unit}) AS {DuckDbTypes.ToDuckDb(source)})";
            case PrimitiveKind.String:
                return $"left({sql}, {w})";
            case PrimitiveKind.Binary:
                return $"left(hex({sql}), {(width * 2L).ToString(CultureInfo.InvariantCulture)})";
            default:
                return null;
        }
    }
}
