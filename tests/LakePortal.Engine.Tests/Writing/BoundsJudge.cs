using DuckDB.NET.Data;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>Decodes the bounds of a file and lets DuckDB compare every value with them.</summary>
internal static class BoundsJudge
{
    public static void AssertCovers(ContentFile file, int id, PrimitiveType type, string select)
    {
        if (file.LowerBounds!.TryGetValue(id, out var lower))
        {
            Assert.Equal(0L, Count($"SELECT count(*) FROM ({select}) WHERE v < {Literal(type, SingleValue.Decode(type, lower))}"));
        }

        if (file.UpperBounds!.TryGetValue(id, out var upper))
        {
            Assert.Equal(0L, Count($"SELECT count(*) FROM ({select}) WHERE v > {Literal(type, SingleValue.Decode(type, upper))} AND NOT coalesce(try_cast(v AS VARCHAR) = 'nan', false)"));
        }

        // Bounds may be missing where truncated text cannot be incremented; a lower bound can always be given.
        if (type.Kind is not (PrimitiveKind.String or PrimitiveKind.Binary or PrimitiveKind.Float or PrimitiveKind.Double))
        {
            Assert.True(file.LowerBounds.ContainsKey(id));
            Assert.True(file.UpperBounds.ContainsKey(id));
        }
    }

    private static string Literal(PrimitiveType type, object value) => (type.Kind, value) switch
    {
        (PrimitiveKind.Date, int days) => $"(DATE '1970-01-01' + CAST({days} AS INTEGER))",
        (PrimitiveKind.Time, long micros) => $"(TIME '00:00:00' + to_microseconds({micros}))",
        (PrimitiveKind.Timestamp, long micros) => $"make_timestamp({micros})",
        (PrimitiveKind.TimestampTz, long micros) => $"make_timestamptz({micros})",
        (_, byte[] bytes) => $"unhex('{Convert.ToHexString(bytes)}')",
        (_, string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'",
        (_, Guid uuid) => $"UUID '{uuid}'",
        (_, bool truth) => truth ? "true" : "false",
        (_, float or double) => $"'{Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!.Replace("∞", "inf", StringComparison.Ordinal)}'::{type.Kind}",
        (_, var number) => $"CAST('{Convert.ToString(number, System.Globalization.CultureInfo.InvariantCulture)}' AS {LakePortal.Engine.Writing.DuckDbTypes.ToDuckDb(type)})",
    };

    private static long Count(string sql)
    {
        using var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
