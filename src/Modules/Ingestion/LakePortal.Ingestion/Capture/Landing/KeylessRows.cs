using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>Tables without a key: a row is all of its columns, and may be there several times. What counts is how many of each.</summary>
internal static class KeylessRows
{
    private const string Copies = "lakeportal_copies";

    /// <param name="absent">Columns that refined has and the changes lack, as more columns of a SELECT.</param>
    public static async Task<long?> ApplyAsync(
        IStagingArea area, DuckDBConnection connection, TableIdentifier refined, string changes, IReadOnlyList<string> columns, string absent, long? truncatedAt, IReadOnlyDictionary<string, string> summary,
        CancellationToken cancellationToken)
    {
        var after = truncatedAt is { } t ? string.Create(CultureInfo.InvariantCulture, $" AND lp_seq > {t}") : "";
        var names = ChangeSql.Names(columns);
        var net = $"{changes}_net";
        Execute(connection, $"CREATE OR REPLACE TABLE {net} AS SELECT {names}, sum(CASE lp_op WHEN 'd' THEN -1 ELSE 1 END) AS {Copies} FROM {changes} WHERE lp_op <> 't'{after} GROUP BY {names} HAVING {Copies} <> 0");
        if (truncatedAt is null && absent.Length == 0)
        {
            try
            {
                return (await area.ApplyCopiesAsync(refined, $"SELECT * FROM {net}", Copies, summary, cancellationToken)).SnapshotId;
            }
            finally
            {
                Execute(connection, $"DROP TABLE IF EXISTS {net}");
            }
        }

        // Rows of before a column was dropped have values there which the log's rows do not: the columns that are left decide, so all rows are counted anew.
        var removes = Scalar(connection, $"SELECT count(*) FROM {net} WHERE {Copies} < 0") > 0;
        try
        {
            if (truncatedAt is null && !removes)
            {
                var added = await area.WriteFilesAsync(connection, Expand(net, names, absent), refined, cancellationToken);
                return (await area.CommitAppendAsync(refined, added, summary, cancellationToken)).SnapshotId;
            }

            var rows = net;
            if (truncatedAt is null)
            {
                rows = $"{changes}_rows";
                await area.CopyTableAsync(connection, refined, null, null, $"{changes}_now", cancellationToken);
                Execute(connection, $"""
                    CREATE OR REPLACE TABLE {rows} AS SELECT {names}, sum({Copies}) AS {Copies}
                    FROM (SELECT {names}, 1 AS {Copies} FROM {changes}_now UNION ALL SELECT {names}, {Copies} FROM {net}) AS q GROUP BY {names};
                    DROP TABLE {changes}_now
                    """);
            }

            var files = await area.WriteFilesAsync(connection, Expand(rows, names, absent), refined, cancellationToken);
            return (await area.CommitReplaceAsync(refined, files, summary, cancellationToken)).SnapshotId;
        }
        finally
        {
            Execute(connection, $"DROP TABLE IF EXISTS {net}; DROP TABLE IF EXISTS {changes}_rows");
        }
    }

    /// <summary>The rows that a log adds up to.</summary>
    public static string Sum(string rows, IReadOnlyList<string> columns)
    {
        var names = ChangeSql.Names(columns);
        return $"SELECT {names} FROM (SELECT {names}, unnest(range(greatest({Copies}, 0)::BIGINT)) FROM (SELECT {names}, sum(CASE \"_op\" WHEN 'd' THEN -1 ELSE 1 END) AS {Copies} FROM {rows} AS a GROUP BY {names}) AS s) AS e";
    }

    private static string Expand(string table, string names, string absent) => $"SELECT {names}{absent} FROM (SELECT {names}, unnest(range(greatest({Copies}, 0)::BIGINT)) FROM {table}) AS e";

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
