using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>
/// Fills in what the source did not send: a large value that an update left alone is not in the log. It is what an earlier change of the same row says,
/// and before those what the lake's own row says, which stands for the position at which the changes begin. A row that changed its key is followed back under
/// its old one.
/// </summary>
internal static class UnchangedValues
{
    /// <param name="changes">Table with the lake's columns and what happened (see <see cref="ChangeSegment"/>).</param>
    /// <param name="refined">Holds the rows as of the position at which the changes begin; null: there are none.</param>
    /// <returns>Rows that are still incomplete.</returns>
    public static async Task<long> FillAsync(
        IStagingArea area, DuckDBConnection connection, string changes, IReadOnlyList<string> columns, IReadOnlyList<string> key, TableIdentifier? refined, CancellationToken cancellationToken)
    {
        var names = ChangeSql.Names(key);
        var before = $"{changes}_before";
        if (refined is { } table)
        {
            var wanted = $"SELECT {names} FROM {changes} WHERE lp_unchanged IS NOT NULL AND lp_moved IS NULL UNION SELECT {ChangeSql.Names(key, "d")} FROM {changes} AS d SEMI JOIN (SELECT lp_moved FROM {changes} WHERE lp_unchanged IS NOT NULL) AS m ON m.lp_moved = d.lp_seq";
            await area.CopyRowsAsync(connection, table, wanted, key, before, cancellationToken);
        }
        else
        {
            Execute(connection, $"CREATE OR REPLACE TABLE {before} AS SELECT {ChangeSql.Names(columns)} FROM {changes} WHERE false");
        }

        var others = columns.Except(key).ToList();
        var left = Count(connection, changes);
        while (left > 0)
        {
            Execute(connection, Fill(changes, before, others, columns, names));
            Execute(connection, FillMoved(changes, before, others, columns, names));
            var now = Count(connection, changes);
            if (now == left)
            {
                break;
            }

            left = now;
        }

        Execute(connection, $"DROP TABLE {before}");
        return left;
    }

    /// <summary>Rows that kept their key.</summary>
    private static string Fill(string changes, string before, List<string> others, IReadOnlyList<string> columns, string key) =>
        $"""
        CREATE OR REPLACE TABLE {changes}_filled AS
        WITH all_rows AS ({AllRows(changes, before, columns)}),
        known AS (SELECT *, {string.Join(", ", others.Select((c, i) => $"last_value({Known(c)} IGNORE NULLS) OVER w AS known_{i}"))} FROM all_rows
          WINDOW w AS (PARTITION BY {key} ORDER BY lp_seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
        SELECT * EXCLUDE ({string.Join(", ", others.Select((_, i) => $"known_{i}"))})
          REPLACE ({string.Join(", ", others.Select((c, i) => $"CASE WHEN {Lacks(c)} AND lp_moved IS NULL THEN known_{i}.v ELSE {PgSql.Quote(c)} END AS {PgSql.Quote(c)}"))},
            CASE WHEN lp_moved IS NULL THEN {Left(others, "lp_moved IS NULL")} ELSE lp_unchanged END AS lp_unchanged)
        FROM known WHERE lp_seq >= 0;
        DROP TABLE {changes}; ALTER TABLE {changes}_filled RENAME TO {changes}
        """;

    /// <summary>Rows that came under another key: what was known just before the old key's row went.</summary>
    private static string FillMoved(string changes, string before, List<string> others, IReadOnlyList<string> columns, string key) =>
        $"""
        CREATE OR REPLACE TABLE {changes}_filled AS
        WITH all_rows AS ({AllRows(changes, before, columns)}),
        known AS (SELECT lp_seq AS old_seq, {string.Join(", ", others.Select((c, i) => $"last_value({Known(c)} IGNORE NULLS) OVER w AS known_{i}"))} FROM all_rows
          WINDOW w AS (PARTITION BY {key} ORDER BY lp_seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
        SELECT c.* EXCLUDE (lp_unchanged, lp_moved) REPLACE ({string.Join(", ", others.Select((c, i) => $"CASE WHEN {Lacks(c, "c.")} AND c.lp_moved IS NOT NULL AND k.known_{i} IS NOT NULL THEN k.known_{i}.v ELSE c.{PgSql.Quote(c)} END AS {PgSql.Quote(c)}"))}),
          CASE WHEN c.lp_moved IS NULL OR c.lp_unchanged IS NULL THEN c.lp_unchanged
               WHEN {string.Join(" AND ", others.Select((c, i) => $"(NOT list_contains(c.lp_unchanged, {PgSql.Literal(c)}) OR k.known_{i} IS NOT NULL)"))} THEN NULL ELSE c.lp_unchanged END AS lp_unchanged,
          c.lp_moved
        FROM {changes} AS c LEFT JOIN known AS k ON k.old_seq = c.lp_moved AND c.lp_unchanged IS NOT NULL;
        DROP TABLE {changes}; ALTER TABLE {changes}_filled RENAME TO {changes}
        """;

    /// <summary>The lake's rows come before all changes.</summary>
    private static string AllRows(string changes, string before, IReadOnlyList<string> columns) =>
        $"SELECT * FROM {changes} UNION ALL BY NAME SELECT {ChangeSql.Names(columns)}, 'r' AS lp_op, -1::BIGINT AS lp_seq FROM {before}";

    /// <summary>A value that is null is wrapped, so that it differs from one that is not known.</summary>
    private static string Known(string column) => $"CASE WHEN NOT ({Lacks(column)}) THEN {{'v': {PgSql.Quote(column)}}} END";

    private static string Lacks(string column, string alias = "") => $"coalesce(list_contains({alias}lp_unchanged, {PgSql.Literal(column)}), false)";

    /// <summary>Null when each of the row's missing values was found.</summary>
    private static string Left(List<string> others, string condition) =>
        $"CASE WHEN {condition} AND {string.Join(" AND ", others.Select((c, i) => $"(NOT {Lacks(c)} OR known_{i} IS NOT NULL)"))} THEN NULL ELSE lp_unchanged END";

    private static long Count(DuckDBConnection connection, string changes)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {changes} WHERE lp_unchanged IS NOT NULL";
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
