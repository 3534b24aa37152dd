using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Files;

/// <summary>Column metrics of a manifest entry, from what COPY … RETURN_STATS reports of a file.</summary>
internal sealed class FileMetrics
{
    public Dictionary<int, long> ColumnSizes { get; } = [];

    public Dictionary<int, long> ValueCounts { get; } = [];

    public Dictionary<int, long> NullValueCounts { get; } = [];

    public Dictionary<int, long> NanValueCounts { get; } = [];

    public Dictionary<int, byte[]> LowerBounds { get; } = [];

    public Dictionary<int, byte[]> UpperBounds { get; } = [];

    /// <param name="target">For messages.</param>
    /// <param name="fields">The schema's columns.</param>
    /// <param name="statistics">By quoted path, as DuckDB gives it.</param>
    /// <exception cref="ColumnValueException">A required column has nulls, or a date or timestamp is infinite.</exception>
    public static FileMetrics Of(TableIdentifier target, IReadOnlyList<NestedField> fields, IReadOnlyDictionary<string, Dictionary<string, string>> statistics)
    {
        var metrics = new FileMetrics();
        foreach (var (path, values) in statistics)
        {
            var names = StatisticPath.Split(path);
            if (StatisticPath.Resolve(fields, names) is not { } column)
            {
                continue;
            }

            metrics.Add(target, string.Join('.', names), column, values);
        }

        return metrics;
    }

    private void Add(TableIdentifier target, string name, StatisticPath.Column column, Dictionary<string, string> values)
    {
        var nulls = Number(values, "null_count");
        if (column.Required && nulls > 0)
        {
            throw new ColumnValueException(target, name, $"must not be null, but {nulls} of the rows have no value", "Filter those rows, or give a value with coalesce(…).");
        }

        var lower = values.GetValueOrDefault("min");
        var upper = values.GetValueOrDefault("max");
        if (column.Type.Kind is PrimitiveKind.Date or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz
            && (lower is StatisticText.NegativeInfinity or StatisticText.Infinity || upper is StatisticText.Infinity or StatisticText.NegativeInfinity))
        {
            throw new ColumnValueException(target, name, "holds an infinite date or time, which lake tables cannot hold", "Replace it, e.g. CASE WHEN isfinite(x) THEN x END.");
        }

        // Lists and maps: a leaf has any number of values per row, and their ranges help no reader.
        if (column.Repeated)
        {
            return;
        }

        var id = column.Id;
        Put(ColumnSizes, id, Number(values, "column_size_bytes"));
        Put(ValueCounts, id, Number(values, "num_values"));
        Put(NullValueCounts, id, nulls);
        if (values.GetValueOrDefault("has_nan") == "false")
        {
            NanValueCounts[id] = 0;
        }

        Put(LowerBounds, id, lower is null || StatisticText.Parse(column.Type, lower) is not { } min ? null : Bounds.Lower(column.Type, min));
        Put(UpperBounds, id, upper is null || StatisticText.Parse(column.Type, upper) is not { } max ? null : Bounds.Upper(column.Type, max));
    }

    private static long? Number(Dictionary<string, string> values, string key) =>
        long.TryParse(values.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static void Put(Dictionary<int, long> map, int id, long? value)
    {
        if (value is { } known)
        {
            map[id] = known;
        }
    }

    private static void Put(Dictionary<int, byte[]> map, int id, byte[]? value)
    {
        if (value is not null)
        {
            map[id] = value;
        }
    }
}
