using System.Globalization;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>SQL over staged changes. Columns: see <see cref="ChangeSegment"/>.</summary>
internal static class ChangeSql
{
    /// <summary>What staged changes have beside the lake's columns, under names that no source is likely to use.</summary>
    public static readonly IReadOnlyList<string> OwnColumns = ["lp_op", "lp_seq", "lp_xid", "lp_committed", "lp_pos", "lp_unchanged", "lp_moved"];

    /// <summary>Tells the rows that only go in what a merge is given.</summary>
    public const string DeletedFlag = "lakeportal_deleted";

    /// <summary>All of the segments under the names that the newest shape has; a column that an earlier shape lacks is null there, and one that the newest lacks stays.</summary>
    /// <param name="segments">In the order of the log.</param>
    /// <param name="from">Changes of transactions before it are left out.</param>
    /// <param name="kept">The lake's columns, those included that the source has dropped.</param>
    public static string Union(IReadOnlyList<ChangeSegment> segments, LogPosition from, IReadOnlySet<string> kept)
    {
        var shape = segments[^1].Shape;
        return string.Join(" UNION ALL BY NAME ", segments.Select(s => $"SELECT {string.Join(", ", Columns(s, shape.Plan, kept))}, lp_op, lp_seq, lp_xid, lp_committed, lp_pos, lp_moved, {Unchanged(s, shape.Plan)} AS lp_unchanged FROM {s.Name} WHERE lp_op <> 'x' AND lp_pos >= '{from.Sortable}'"));
    }

    /// <summary>The newest change of each key after the last truncation, flagged when it deletes.</summary>
    public static string Newest(string changes, IReadOnlyList<string> columns, IReadOnlyList<string> key, long? truncatedAt)
    {
        var after = truncatedAt is { } t ? string.Create(CultureInfo.InvariantCulture, $" AND lp_seq > {t}") : "";
        return $"""
            SELECT {Names(columns)}, lp_op = 'd' AS {DeletedFlag} FROM {changes} WHERE lp_op <> 't'{after}
            QUALIFY row_number() OVER (PARTITION BY {Names(key)} ORDER BY lp_seq DESC) = 1
            """;
    }

    /// <summary>The log's rows for raw.</summary>
    /// <param name="absent">Columns that raw has and the changes lack, as expressions.</param>
    /// <param name="isSorted">The rows are in the order of the log: to sort them would take memory for all of them at once.</param>
    public static string Raw(string changes, IReadOnlyList<string> columns, IReadOnlyList<string> absent, string ingestedAt, bool isSorted) =>
        $"""
        SELECT {string.Join(", ", columns.Select(PgSql.Quote).Concat(absent))}, lp_op AS "_op", 'CDC' AS "_load_type", lp_pos AS "_position", lp_xid AS "_txid", lp_committed AS "_committed_at",
          TIMESTAMPTZ '{ingestedAt}' AS "_ingested_at", lp_unchanged AS "_unchanged" FROM {changes}{(isSorted ? "" : " ORDER BY lp_seq")}
        """;

    public static string Names(IEnumerable<string> columns, string? alias = null) => string.Join(", ", columns.Select(c => alias is null ? PgSql.Quote(c) : $"{alias}.{PgSql.Quote(c)}"));

    /// <summary>The columns that the source did not send, as a list of names; null: none.</summary>
    private static string Unchanged(ChangeSegment segment, TablePlan newest)
    {
        if (!segment.HasUnchanged)
        {
            return "NULL::VARCHAR[]";
        }

        var names = segment.Shape.Plan.Columns.Select((c, i) => (Now: Now(c, newest), Bit: i + 1)).Where(c => c.Now is not null)
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"CASE WHEN lp_unchanged[{c.Bit}] = '1' THEN {PgSql.Literal(c.Now!.LakeName)} END"));
        return $"CASE WHEN lp_unchanged IS NOT NULL THEN list_filter([{string.Join(", ", names)}], lambda n: n IS NOT NULL) END";
    }

    private static ColumnPlan? Now(ColumnPlan column, TablePlan newest) =>
        newest.Columns.FirstOrDefault(c => c.Source.Number > 0 && c.Source.Number == column.Source.Number) ?? newest.Columns.FirstOrDefault(c => c.LakeName == column.LakeName);

    private static IEnumerable<string> Columns(ChangeSegment segment, TablePlan newest, IReadOnlySet<string> kept)
    {
        for (var i = 0; i < segment.Shape.Plan.Columns.Count; i++)
        {
            var column = segment.Shape.Plan.Columns[i];
            if ((Now(column, newest)?.LakeName ?? (kept.Contains(column.LakeName) ? column.LakeName : null)) is { } name)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"c{i} AS {PgSql.Quote(name)}");
            }
        }
    }
}
