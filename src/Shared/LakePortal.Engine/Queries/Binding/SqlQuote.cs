using System.Globalization;
using System.Text;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Text, names and values as SQL.</summary>
internal static class SqlQuote
{
    public static string Text(string value) => "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";

    public static string Name(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    public static string List(IEnumerable<string> texts) => "[" + string.Join(", ", texts.Select(Text)) + "]";

    /// <summary>A typed value of the table format, as text that casts to the column's type.</summary>
    public static string ValueText(object value, IcebergType type) => (value, type) switch
    {
        (int days, PrimitiveType { Kind: PrimitiveKind.Date }) => DateText(days),
        (long micros, PrimitiveType { Kind: PrimitiveKind.Time }) => new TimeOnly(micros * 10).ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
        (long micros, PrimitiveType { Kind: PrimitiveKind.Timestamp }) => MomentText(micros),
        (long micros, PrimitiveType { Kind: PrimitiveKind.TimestampTz }) => MomentText(micros) + "+00",
        (IcebergDecimal d, _) => d.ToString(),
        (byte[] bytes, _) => bytes.Aggregate(new StringBuilder(bytes.Length * 4), (b, x) => b.Append(CultureInfo.InvariantCulture, $"\\x{x:X2}")).ToString(),
        (double d, _) => d.ToString("R", CultureInfo.InvariantCulture),
        (float f, _) => f.ToString("R", CultureInfo.InvariantCulture),
        (bool b, _) => b ? "true" : "false",
        (IFormattable f, _) => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    public static string Value(object? value, IcebergType type) =>
        value is null ? $"CAST(NULL AS {ScanTypes.Sql(type)})" : $"CAST({Text(ValueText(value, type))} AS {ScanTypes.Sql(type)})";

    private static string DateText(int days) =>
        DateOnly.FromDayNumber(new DateOnly(1970, 1, 1).DayNumber + days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string MomentText(long micros) =>
        DateTime.UnixEpoch.AddTicks(micros * 10).ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
}
