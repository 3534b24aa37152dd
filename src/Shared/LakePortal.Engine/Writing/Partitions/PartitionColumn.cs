using System.Globalization;
using LakePortal.Engine.Writing.Files;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Partitions;

/// <summary>
/// One field of the partition spec as COPY's PARTITION_BY sees it: a text column that is not stored in the files and names their directory.
/// The text uses only characters that stay as they are in paths and URIs; a long or odd string goes by its hash, and its value is then read
/// back from the file, all of whose rows have it.
/// </summary>
/// <param name="Name">Alias of the column.</param>
/// <param name="ValueSql">The transform's result; for binary its hexadecimal text.</param>
/// <param name="TextSql">The text that stands for it.</param>
/// <param name="Result">Type of the partition value.</param>
internal sealed record PartitionColumn(string Name, string ValueSql, string TextSql, PrimitiveType Result)
{
    // DuckDB names the directory of null so; a real value never reads like this, see SafeText.
    private const string Null = "__HIVE_DEFAULT_PARTITION__";
    private const string HashMark = "h.";
    private const int HashedLength = 2 + 64;
    private const int SafeLength = 60;

    /// <param name="name">Alias.</param>
    /// <param name="transform">Transform.</param>
    /// <param name="source">Type of the source column.</param>
    /// <param name="result">Type of the transform's result.</param>
    /// <param name="sql">The source column.</param>
    /// <returns>Null: the transform cannot be computed.</returns>
    public static PartitionColumn? Of(string name, Transform transform, PrimitiveType source, PrimitiveType result, string sql)
    {
        var value = TransformSql.Of(transform, source, sql);
        return value is null ? null : new PartitionColumn(name, value, $"coalesce({Text(result, value)}, '{Null}')", result);
    }

    public bool IsHashed(string text) =>
        Result.Kind is PrimitiveKind.String or PrimitiveKind.Binary && text.Length == HashedLength && text.StartsWith(HashMark, StringComparison.Ordinal);

    /// <summary>The typed value of what <see cref="ValueSql"/> gave for a string or binary; here no text stands for anything but itself.</summary>
    public object Value(string text) => Result.Kind == PrimitiveKind.Binary ? Convert.FromHexString(text) : text;

    /// <exception cref="FormatException">A text that <see cref="TextSql"/> cannot have made.</exception>
    public object? Decode(string? text)
    {
        if (text is null or Null)
        {
            return null;
        }

        object? value = Result.Kind switch
        {
            PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var micros) ? micros : null,
            PrimitiveKind.Date when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var days) => days,
            _ => StatisticText.Parse(Result, text),
        };
        return value ?? throw new FormatException($"'{text}' is not a partition value of {Name}.");
    }

    private static string Text(PrimitiveType type, string sql) => type.Kind switch
    {
        PrimitiveKind.String => SafeText(sql),
        PrimitiveKind.Binary => $"CASE WHEN length({sql}) <= {SafeLength} THEN {sql} ELSE '{HashMark}' || sha256({sql}) END",
        PrimitiveKind.Date => $"CASE WHEN {sql} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN CAST({sql} AS VARCHAR) ELSE CAST(date_diff('day', DATE '1970-01-01', {sql}) AS VARCHAR) END",
        PrimitiveKind.Time => $"CAST(date_diff('microsecond', TIME '00:00:00', {sql}) AS VARCHAR)",
        PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => $"CAST(epoch_us({sql}) AS VARCHAR)",
        PrimitiveKind.Float or PrimitiveKind.Double => $"replace(CAST({sql} AS VARCHAR), '+', '')",
        _ => $"CAST({sql} AS VARCHAR)",
    };

    private static string SafeText(string sql) =>
        $"CASE WHEN regexp_full_match({sql}, '[A-Za-z0-9_.-]{{1,{SafeLength}}}') AND {sql} <> '{Null}' THEN {sql} ELSE '{HashMark}' || sha256({sql}) END";
}
