using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>A range of the first key column, as texts of the values; null: open.</summary>
/// <param name="Low">Inclusive.</param>
/// <param name="High">Exclusive.</param>
internal sealed record KeyInterval(string? Low, string? High);

/// <summary>
/// Ranges in which both sides are summed up. Bounds are quantiles of the lake's keys; the same expression of the same engine puts rows of both sides into
/// them, so that no order of the source's matters. Rows without a key, or with one that has no order, are put into ranges of their hash.
/// </summary>
/// <param name="Bounds">Texts of the values between ranges, ascending; range n is below bound n.</param>
internal sealed record KeyRanges(ComparedTable Table, IReadOnlyList<string> Bounds)
{
    private const int SampleRows = 20_000;
    private const int HashBits = 6;

    public bool IsByHash => !Table.HasKey || !Table.Key[0].IsOrdered;

    public int Count => IsByHash ? 1 << HashBits : Bounds.Count + 1;

    /// <summary>Number of the range, for rows with columns k0 and h.</summary>
    public string Number => IsByHash ? $"CAST(h >> {64 - HashBits} AS INTEGER)" : Choose(0, Bounds.Count);

    public KeyInterval Interval(int number)
    {
        if (IsByHash)
        {
            return new KeyInterval(string.Create(CultureInfo.InvariantCulture, $"hash {number << 2:x2}"), null);
        }

        return new KeyInterval(number == 0 ? null : Bounds[number - 1], number == Bounds.Count ? null : Bounds[number]);
    }

    /// <param name="connection">Has the lake's rows.</param>
    /// <param name="table">Table.</param>
    /// <param name="lake">SELECT of the lake's rows.</param>
    /// <param name="rows">About how many there are.</param>
    /// <param name="most">Most ranges.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<KeyRanges> ChooseAsync(DuckDBConnection connection, ComparedTable table, string lake, long rows, int most, CancellationToken cancellationToken)
    {
        var pieces = (int)Math.Clamp(rows / 1000, 1, most);
        if (!table.HasKey || !table.Key[0].IsOrdered || pieces == 1)
        {
            return new KeyRanges(table, []);
        }

        var key = table.Key[0];
        var bounds = await Sql.QueryAsync(
            connection,
            $"""
            SELECT DISTINCT b, b::VARCHAR FROM (
              SELECT unnest(quantile_disc(k, [{string.Join(", ", Enumerable.Range(1, pieces - 1).Select(i => (i / (double)pieces).ToString("0.######", CultureInfo.InvariantCulture)))}])) AS b
              FROM (SELECT {key.Lake()} AS k FROM {lake} AS l USING SAMPLE reservoir({SampleRows} ROWS) REPEATABLE (1))) AS q
            WHERE b IS NOT NULL ORDER BY b
            """,
            r => r.GetString(1), cancellationToken);
        return new KeyRanges(table, bounds);
    }

    /// <summary>Condition on the lake's rows.</summary>
    public static string LakeCondition(ComparedTable table, IEnumerable<KeyInterval> intervals)
    {
        var key = table.Key[0];
        return Any(intervals, low => $"{key.Lake()} >= {Value(key, low)}", high => $"{key.Lake()} < {Value(key, high)}");
    }

    /// <summary>Condition on the source's rows. Texts are ordered by their bytes there as here.</summary>
    public static string SourceCondition(ComparedTable table, KeyInterval interval)
    {
        var column = table.Key[0].Plan;
        var (value, cast) = column.IsText ? ($"({column.Select})::text COLLATE \"C\"", "text") : (PgSql.Quote(column.Source.Name), column.Source.DisplayType);
        return Any([interval], low => $"{value} >= {PgSql.Literal(low)}::{cast}", high => $"{value} < {PgSql.Literal(high)}::{cast}");
    }

    private static string Any(IEnumerable<KeyInterval> intervals, Func<string, string> from, Func<string, string> to) =>
        string.Join(" OR ", intervals.Select(i => (i.Low, i.High) switch
        {
            (null, null) => "true",
            ({ } low, null) => $"({from(low)})",
            (null, { } high) => $"({to(high)})",
            ({ } low, { } high) => $"({from(low)} AND {to(high)})",
        }));

    private static string Value(ComparedColumn key, string text) => $"CAST({Sql.Literal(text)} AS {key.Type})";

    private string Choose(int from, int to)
    {
        if (from == to)
        {
            return from.ToString(CultureInfo.InvariantCulture);
        }

        var middle = (from + to) / 2;
        return $"CASE WHEN k0 < {Value(Table.Key[0], Bounds[middle])} THEN {Choose(from, middle)} ELSE {Choose(middle + 1, to)} END";
    }
}
