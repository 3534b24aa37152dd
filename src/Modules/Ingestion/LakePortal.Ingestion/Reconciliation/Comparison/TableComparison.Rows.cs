using System.Globalization;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using LakePortal.Ingestion.Offload.Reading;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <param name="Kind">missing, extra, changed or type-loss.</param>
/// <param name="Columns">Columns that differ.</param>
internal sealed record RowDifference(int Number, JsonObject Key, string Kind, IReadOnlyList<string> Columns, JsonObject? Source, JsonObject? Lake);

/// <summary>The rows behind differing keys.</summary>
internal sealed partial class TableComparison
{
    /// <summary>Staged rows of the source (c0, c1, …) that differ.</summary>
    public const string SourceRows = "source_rows";

    private const string Picked = "picked";
    private const string LakeRows = "lake_rows";
    private const int LongestText = 2_000;

    /// <summary>Reads the source's rows of differing keys.</summary>
    /// <param name="most">At most of so many keys; null: of all.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task FetchSourceAsync(long? most, CancellationToken cancellationToken)
    {
        var limit = most is { } n ? string.Create(CultureInfo.InvariantCulture, $" LIMIT {n}") : "";
        var key = table.HasKey ? table.KeyNames() : "h";
        await Sql.ExecuteAsync(
            _connection,
            $"""
            CREATE OR REPLACE TABLE {Picked} AS SELECT CAST(row_number() OVER (ORDER BY {key}) AS INTEGER) AS number, * FROM (SELECT * FROM {Differences} ORDER BY {key}{limit}) AS d;
            """,
            cancellationToken);
        await FetchSourceAsync(snapshot, SourceRows, cancellationToken);
    }

    /// <summary>Reads the picked keys' rows as they are in a snapshot.</summary>
    public async Task FetchSourceAsync(SourceSnapshot at, string into, CancellationToken cancellationToken)
    {
        await Sql.ExecuteAsync(_connection, $"CREATE OR REPLACE TABLE {into} ({string.Join(", ", table.Plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {c.StagingType}")))})", cancellationToken);
        var count = (await Sql.QueryAsync(_connection, $"SELECT count(*) FROM {Picked} WHERE ns > 0", r => r.GetInt64(0), cancellationToken))[0];
        if (count == 0)
        {
            return;
        }

        var copies = Whole();
        if (count <= KeyFetch.MostKeys && KeyFetch.IsPossible(table))
        {
            var texts = string.Join(", ", table.Key.Select((k, i) => ComparedColumn.Text(ComparedTable.KeyName(i), k.LakeType!)));
            var keys = await Sql.QueryAsync(
                _connection, $"SELECT {texts} FROM {Picked} WHERE ns > 0", r => (IReadOnlyList<string>)[.. Enumerable.Range(0, table.Key.Count).Select(r.GetString)], cancellationToken);
            copies = [.. KeyFetch.Copies(table, keys)];
        }

        // Whatever way they were found, the rows taken are those whose key, or whose hash, is one of the picked ones.
        var condition = table.HasKey
            ? $"SEMI JOIN {Picked} AS d ON {string.Join(" AND ", table.Key.Select((k, i) => $"{k.Source("p.")} = d.{ComparedTable.KeyName(i)}"))}"
            : $"WHERE {table.SourceHash} IN (SELECT h FROM {Picked})";
        var scan = new SourceScan(at, table.Plan, area, progress, sizes.Lanes);
        _ = await scan.ReadAsync(copies, piece => $"INSERT INTO {into} SELECT p.* FROM {piece} AS p {condition}", cancellationToken);
    }

    /// <summary>Rows side by side, at most so many.</summary>
    public async Task<IReadOnlyList<RowDifference>> ShowAsync(int most, CancellationToken cancellationToken)
    {
        await TakeLakeRowsAsync(most, cancellationToken);
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
        return await Sql.QueryAsync(_connection, sql, Read, cancellationToken);
    }

    /// <summary>How many of all fetched rows hold a value that the lake's type cannot.</summary>
    public async Task<long> CountLossesAsync(CancellationToken cancellationToken)
    {
        var lossy = table.Columns.Where(c => c.IsRetold).ToList();
        return lossy.Count == 0
            ? 0
            : (await Sql.QueryAsync(_connection, $"SELECT count(*) FROM {SourceRows} WHERE {string.Join(" OR ", lossy.Select(c => c.Loss()))}", r => r.GetInt64(0), cancellationToken))[0];
    }

    private async Task TakeLakeRowsAsync(int most, CancellationToken cancellationToken)
    {
        var key = table.HasKey ? table.KeyNames() : "h";
        var own = table.HasKey ? table.LakeKey() : $"{table.LakeHash} AS h";
        var columns = string.Join(", ", table.Columns.Select(c => $"{c.Lake()} AS {c.Taken}"));
        await Sql.ExecuteAsync(
            _connection,
            $"""
            CREATE OR REPLACE TABLE {LakeRows} AS
            SELECT * FROM (SELECT {own}, {columns} FROM {_lake} AS t) AS r
            SEMI JOIN (SELECT * FROM {Picked} WHERE number <= {most.ToString(CultureInfo.InvariantCulture)}) AS d USING ({key})
            QUALIFY row_number() OVER (PARTITION BY {key}) = 1
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
