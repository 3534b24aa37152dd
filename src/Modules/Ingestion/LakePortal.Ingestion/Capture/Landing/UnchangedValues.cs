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
internal sealed class UnchangedValues(DeadRows deadRows)
{
    /// <param name="table">The table.</param>
    /// <param name="changes">Table with the lake's columns and what happened (see <see cref="ChangeSegment"/>).</param>
    /// <param name="refined">Holds the rows as of the position at which the changes begin; null: there are none.</param>
    /// <param name="fresh">Dead letters among the changes.</param>
    /// <returns>Rows that are still incomplete. Those among them with the operation <see cref="DeadRows.Dead"/> leave out what a dead letter wrote.</returns>
    public async Task<long> FillAsync(
        CapturedTable table, IStagingArea area, DuckDBConnection connection, string changes, IReadOnlyList<string> columns, IReadOnlyList<string> key, TableIdentifier? refined, IReadOnlyList<DeadLetter> fresh,
        CancellationToken cancellationToken)
    {
        // Without a key the source sends whole rows.
        if (Count(connection, changes) is var left && (left == 0 || key.Count == 0))
        {
            return left;
        }

        var names = ChangeSql.Names(key);
        var past = $"{changes}_past";
        Execute(connection, $"CREATE OR REPLACE TABLE {past} AS SELECT {ChangeSql.Names(columns)}, lp_op, lp_pos, lp_unchanged FROM {changes} WHERE false");
        var wanted = $"SELECT {names} FROM {changes} WHERE lp_unchanged IS NOT NULL AND lp_moved IS NULL UNION SELECT {ChangeSql.Names(key, "d")} FROM {changes} AS d SEMI JOIN (SELECT lp_moved FROM {changes} WHERE lp_unchanged IS NOT NULL) AS m ON m.lp_moved = d.lp_seq";
        if (refined is { } lake)
        {
            var before = $"{changes}_before";
            await area.CopyRowsAsync(connection, lake, wanted, key, before, cancellationToken);
            Execute(connection, $"INSERT INTO {past} BY NAME SELECT {ChangeSql.Names(columns)}, 'r' AS lp_op, '' AS lp_pos FROM {before}; DROP TABLE {before}");
        }

        await deadRows.AddAsync(table, fresh, wanted, changes, past, columns, key, area, connection, cancellationToken);
        Execute(connection, Links(changes, past, names));
        for (var isFar = true; isFar;)
        {
            isFar = Jump(connection, changes);
        }

        Execute(connection, Fill(changes, past, [.. columns.Except(key)]));
        Execute(connection, $"DROP TABLE {past}; DROP TABLE {changes}_links");
        return Count(connection, changes);
    }

    /// <summary>
    /// What each change follows on: the change of the same key before it, or, for a row that came from another key, what that key had before it went. A row
    /// that came with all of its values follows on nothing. The lake's rows come before all changes.
    /// </summary>
    private static string Links(string changes, string past, string key) =>
        $"""
        CREATE OR REPLACE TABLE {changes}_links AS
        WITH steps AS (
          SELECT lp_seq, lp_op, lp_moved, lp_unchanged, lag(lp_seq) OVER (PARTITION BY {key} ORDER BY lp_pos) AS earlier
          FROM (SELECT {key}, lp_seq, lp_op, lp_moved, lp_unchanged, lp_pos FROM {changes} UNION ALL SELECT {key}, -1 - rowid, lp_op, NULL, lp_unchanged, lp_pos FROM {past}) AS a)
        SELECT s.lp_seq AS seq, coalesce(CASE WHEN s.lp_op NOT IN ('c', 'r', '{DeadRows.DeadCreated}') THEN s.earlier WHEN s.lp_op = 'c' AND s.lp_unchanged IS NOT NULL THEN o.earlier END, s.lp_seq) AS root
        FROM steps AS s LEFT JOIN steps AS o ON o.lp_seq = s.lp_moved
        """;

    /// <summary>Doubles how far back each link reaches: a row that changed its key a thousand times takes ten rounds.</summary>
    /// <returns>Some were not at their beginning yet.</returns>
    private static bool Jump(DuckDBConnection connection, string changes)
    {
        if (Scalar(connection, $"SELECT count(*) FROM {changes}_links AS a JOIN {changes}_links AS b ON b.seq = a.root WHERE b.root <> a.root") == 0)
        {
            return false;
        }

        Execute(connection, $"""
            CREATE OR REPLACE TABLE {changes}_further AS SELECT a.seq, b.root FROM {changes}_links AS a JOIN {changes}_links AS b ON b.seq = a.root;
            DROP TABLE {changes}_links; ALTER TABLE {changes}_further RENAME TO {changes}_links
            """);
        return true;
    }

    /// <summary>Each missing value is the newest known one among the changes that go back to the same beginning; what a dead letter wrote is known to nobody.</summary>
    private static string Fill(string changes, string past, List<string> others)
    {
        var known = others.Select((c, i) => $"last_value(CASE WHEN lp_op = '{DeadRows.DeadCreated}' OR (lp_op <> 'd' AND NOT {Lacks(c)}) THEN {{'v': {PgSql.Quote(c)}, 'ok': lp_op NOT IN ('{DeadRows.Dead}', '{DeadRows.DeadCreated}')}} END IGNORE NULLS) OVER w AS known_{i}");
        var filled = others.Select((c, i) => $"CASE WHEN {Lacks(c)} AND known_{i}.ok THEN known_{i}.v ELSE {PgSql.Quote(c)} END AS {PgSql.Quote(c)}");
        var all = string.Join(" AND ", others.Select((c, i) => $"(NOT {Lacks(c)} OR coalesce(known_{i}.ok, false))"));
        var dead = string.Join(" OR ", others.Select((c, i) => $"({Lacks(c)} AND NOT coalesce(known_{i}.ok, true))"));
        return $"""
            CREATE OR REPLACE TABLE {changes}_filled AS
            WITH all_rows AS (SELECT * FROM {changes} UNION ALL BY NAME SELECT *, -1 - rowid AS lp_seq FROM {past}),
            known AS (SELECT a.*, {string.Join(", ", known)} FROM all_rows AS a JOIN {changes}_links AS l ON l.seq = a.lp_seq
              WINDOW w AS (PARTITION BY l.root ORDER BY a.lp_pos ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
            SELECT * EXCLUDE ({string.Join(", ", others.Select((_, i) => $"known_{i}"))})
              REPLACE ({string.Join(", ", filled)}, CASE WHEN {all} THEN NULL ELSE lp_unchanged END AS lp_unchanged, CASE WHEN {dead} THEN '{DeadRows.Dead}' ELSE lp_op END AS lp_op)
            FROM known WHERE lp_seq >= 0;
            DROP TABLE {changes}; ALTER TABLE {changes}_filled RENAME TO {changes}
            """;
    }

    private static string Lacks(string column) => $"coalesce(list_contains(lp_unchanged, {PgSql.Literal(column)}), false)";

    private static long Count(DuckDBConnection connection, string changes) => Scalar(connection, $"SELECT count(*) FROM {changes} WHERE lp_unchanged IS NOT NULL");

    private static long Scalar(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
