using System.Globalization;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <param name="Kind">missing, extra, changed or type-loss.</param>
/// <param name="Columns">Columns that differ.</param>
internal sealed record RowDifference(int Number, JsonObject Key, string Kind, IReadOnlyList<string> Columns, JsonObject? Source, JsonObject? Lake);

/// <summary>The rows behind differing keys, once both sides' are staged: for showing and for repairing.</summary>
internal sealed class DifferingRows(ComparedTable table, DuckDBConnection connection)
{
    /// <summary>Keys (or row hashes) with the number of rows on both sides: k0… (or h), ns, nl.</summary>
    public const string Differences = "differences";

    /// <summary>The same with a number for each.</summary>
    public const string Picked = "picked";

    /// <summary>Staged rows of the source (c0, c1, …) that differ.</summary>
    public const string SourceRows = "source_rows";

    /// <summary>The lake's rows of picked keys: the key, and l0, l1, … in the common types.</summary>
    public const string LakeRows = "lake_rows";

    private const int LongestText = 2_000;

    /// <param name="most">At most so many keys; null: all.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task PickAsync(long? most, CancellationToken cancellationToken)
    {
        var limit = most is { } n ? string.Create(CultureInfo.InvariantCulture, $" LIMIT {n}") : "";
        var key = table.HasKey ? table.KeyNames() : "h";
        return Sql.ExecuteAsync(
            connection, $"CREATE OR REPLACE TABLE {Picked} AS SELECT CAST(row_number() OVER (ORDER BY {key}) AS INTEGER) AS number, * FROM (SELECT * FROM {Differences} ORDER BY {key}{limit}) AS d", cancellationToken);
    }

    /// <summary>Missing, extra and changed rows, and the keys that they have.</summary>
    public async Task<DifferenceCounts> CountAsync(CancellationToken cancellationToken) => (await Sql.QueryAsync(
        connection,
        $"SELECT coalesce(sum(greatest(ns - nl, 0)), 0)::BIGINT, coalesce(sum(greatest(nl - ns, 0)), 0)::BIGINT, coalesce(sum(CASE WHEN ns = nl THEN ns ELSE 0 END), 0)::BIGINT, count(*) FROM {Differences}",
        r => new DifferenceCounts(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3)), cancellationToken))[0];

    /// <summary>Rows side by side, at most so many.</summary>
    public async Task<IReadOnlyList<RowDifference>> ShowAsync(int most, CancellationToken cancellationToken)
    {
        var key = table.HasKey ? table.KeyNames() : "h";
        var own = table.HasKey ? table.SourceKey() : $"{table.SourceHash} AS h";
        var losses = table.Columns.Select(c => c.Loss("s."));
        var values = table.Columns.SelectMany(c => new[] { ComparedColumn.Text($"s.{c.Staged}", c.Plan.Type), ComparedColumn.Text($"l.{c.Taken}", c.LakeType ?? c.Plan.Type) });
        var keys = table.HasKey ? table.Key.Select((k, i) => ComparedColumn.Text($"d.{ComparedTable.KeyName(i)}", k.LakeType!)) : ["lower(to_hex(d.h))"];
        var sql =
            $"""
            SELECT d.number, d.ns, d.nl, {string.Join(", ", keys)},
              {string.Join(", ", table.Columns.Select(c => c.Differs("s.", $"l.{c.Taken}")))},
              {string.Join(", ", losses)},
              {string.Join(", ", values)}
            FROM {Picked} AS d
            LEFT JOIN (SELECT {own}, * FROM {SourceRows} QUALIFY row_number() OVER (PARTITION BY {key}) = 1) AS s USING ({key})
            LEFT JOIN {LakeRows} AS l USING ({key})
            WHERE d.number <= {most.ToString(CultureInfo.InvariantCulture)} ORDER BY d.number
            """;
        return await Sql.QueryAsync(connection, sql, Read, cancellationToken);
    }

    /// <summary>How many of all fetched rows hold a value that the lake's type cannot.</summary>
    public async Task<long> CountLossesAsync(CancellationToken cancellationToken)
    {
        var lossy = table.Columns.Where(c => c.IsRetold).ToList();
        return lossy.Count == 0
            ? 0
            : (await Sql.QueryAsync(connection, $"SELECT count(*) FROM {SourceRows} WHERE {string.Join(" OR ", lossy.Select(c => c.Loss()))}", r => r.GetInt64(0), cancellationToken))[0];
    }

    /// <summary>
    /// Stages the source's rows of differing keys under the lake's names, and the keys that the source does not have. Rows that the lake's types cannot hold, and
    /// keys that the source has more than once, are left as they are.
    /// </summary>
    public Task StageRepairAsync(string rows, string gone, CancellationToken cancellationToken)
    {
        var compared = table.Columns.ToDictionary(c => c.Index);
        var columns = table.Plan.Columns.Select((c, i) => $"{(compared[i].IsRetold ? compared[i].Source() : compared[i].Staged)} AS {PgSql.Quote(c.LakeName)}");
        var lossy = table.Columns.Where(c => c.IsRetold).Select(c => c.Loss()).ToList();
        var where = lossy.Count == 0 ? "" : $" WHERE NOT coalesce({string.Join(" OR ", lossy)}, false)";
        var keys = table.Key.Select((k, i) => $"{ComparedTable.KeyName(i)} AS {PgSql.Quote(k.Name)}");
        return Sql.ExecuteAsync(
            connection,
            $"""
            CREATE OR REPLACE TABLE {rows} AS SELECT {string.Join(", ", columns)} FROM {SourceRows}{where} QUALIFY count(*) OVER (PARTITION BY {string.Join(", ", table.Key.Select(k => k.Source()))}) = 1;
            CREATE OR REPLACE TABLE {gone} AS SELECT {string.Join(", ", keys)} FROM {Picked} WHERE ns = 0;
            """,
            cancellationToken);
    }

    private RowDifference Read(DuckDBDataReader row)
    {
        var (ns, nl) = (row.GetInt64(1), row.GetInt64(2));
        var at = 3;
        var key = new JsonObject();
        foreach (var name in table.HasKey ? table.Key.Select(k => k.Name) : ["row hash"])
        {
            key[name] = row.GetString(at++);
        }

        var differs = table.Columns.Select((c, i) => (c.Name, Is: row.GetBoolean(at + i), IsLoss: !row.IsDBNull(at + table.Columns.Count + i) && row.GetBoolean(at + table.Columns.Count + i))).ToList();
        at += 2 * table.Columns.Count;
        var (source, lake) = (new JsonObject(), new JsonObject());
        foreach (var column in table.Columns)
        {
            source[column.Name] = Cut(row.Text(at++));
            lake[column.Name] = Cut(row.Text(at++));
        }

        var changed = differs.Where(d => d.Is).ToList();
        var kind = ns > nl ? "missing" : nl > ns ? "extra" : changed.Count > 0 && changed.All(d => d.IsLoss) ? "type-loss" : "changed";
        return new RowDifference(row.GetInt32(0), key, kind, ns > 0 && nl > 0 ? [.. changed.Select(d => d.Name)] : [], ns > 0 ? source : null, nl > 0 ? lake : null);
    }

    private static string? Cut(string? text) => text is null || text.Length <= LongestText ? text : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, LongestText)}… ({text.Length} characters)");
}
