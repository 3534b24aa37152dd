using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Serving.Contracts.Queries;

namespace LakePortal.Portal.Parts.Charts;

/// <param name="Values">One per category; null where there is none.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<double?> Values);

/// <summary>Numbers ready to be drawn: categories along one axis, one or more series of values.</summary>
public sealed record ChartData(IReadOnlyList<string> Categories, IReadOnlyList<ChartSeries> Series)
{
    /// <summary>Why an answer cannot be drawn with these columns; null when it can.</summary>
    public static string? Problem(QueryAnswer answer, string? x, IReadOnlyList<string> y, string? series)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(y);
        var missing = new[] { x, series }.Concat(y).Where(c => c is not null && answer.Columns.All(a => a.Name != c)).ToList();
        return missing.Count > 0
            ? $"The query has no column {string.Join(", ", missing.Select(m => $"'{m}'"))}; it returns {string.Join(", ", answer.Columns.Select(c => $"'{c.Name}'"))}."
            : y.Count == 0 ? "The tile names no column for its values." : null;
    }

    /// <summary>Turns rows into series: one per value column, or, with a series column, one per value of it. Order is that of the rows.</summary>
    public static ChartData From(QueryAnswer answer, string? x, IReadOnlyList<string> y, string? series)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(y);
        var xIndex = x is null ? -1 : IndexOf(answer, x);
        var seriesIndex = series is null ? -1 : IndexOf(answer, series);
        var categories = new List<string>();
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        var values = new Dictionary<string, Dictionary<int, double?>>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var row in answer.Rows)
        {
            var category = xIndex < 0 ? "" : Text(row[xIndex]);
            if (!positions.TryGetValue(category, out var position))
            {
                positions[category] = position = categories.Count;
                categories.Add(category);
            }

            foreach (var column in y)
            {
                var name = seriesIndex < 0 ? column : y.Count == 1 ? Text(row[seriesIndex]) : $"{Text(row[seriesIndex])} · {column}";
                if (!values.TryGetValue(name, out var points))
                {
                    values[name] = points = [];
                    names.Add(name);
                }

                points[position] = Number(row[IndexOf(answer, column)]);
            }
        }

        return new ChartData(
            categories,
            [.. names.Select(n => new ChartSeries(n, [.. Enumerable.Range(0, categories.Count).Select(i => values[n].GetValueOrDefault(i))]))]);
    }

    /// <summary>A JSON number, or text that is one (exact decimals come as text or number alike); else null.</summary>
    public static double? Number(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Number or JsonValueKind.String
            when double.TryParse(node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && double.IsFinite(value) => value,
        _ => null,
    };

    /// <summary>The value as it is: text without quotes, everything else as JSON writes it.</summary>
    public static string Text(JsonNode? node) => node switch
    {
        null => "(null)",
        _ when node.GetValueKind() == JsonValueKind.String => node.GetValue<string>(),
        _ => node.ToJsonString(),
    };

    private static int IndexOf(QueryAnswer answer, string column)
    {
        for (var i = 0; i < answer.Columns.Count; i++)
        {
            if (answer.Columns[i].Name == column)
            {
                return i;
            }
        }

        throw new ArgumentException($"The query has no column '{column}'.", nameof(column));
    }
}
