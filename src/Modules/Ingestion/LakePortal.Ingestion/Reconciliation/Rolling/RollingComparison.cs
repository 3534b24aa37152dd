using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Rolling;

/// <summary>
/// Compares one window: ranges of the source, each as the transactions that its read has seen left it, with what the lake has to hold for that: its rows at a
/// position before all of the reads, and the changes behind it that belong to transactions which the read has seen. Row locks make the changes of a key that a
/// read has seen the first ones of that key in the log, so both are equal if and only if the lake is right.
/// </summary>
internal sealed class RollingComparison(IStagingArea area) : IAsyncDisposable
{
    /// <summary>Changes behind the position, as they are in raw.</summary>
    public const string Changes = "rolling_changes";

    private const string Reads = "rolling_reads";
    private const string Log = "rolling_log";
    private const string Newest = "rolling_newest";
    private const string Base = "rolling_base";
    private const string Expected = "rolling_expected";
    private const string SourceHashes = "rolling_hashes";
    private const string Again = "rolling_again";

    private readonly DuckDBConnection _connection = area.OpenConnection();
    private ComparedTable? _table;
    private string _lake = "";
    private string _interval = "";

    public DuckDBConnection Connection => _connection;

    public ComparedTable Table => _table ?? throw new InvalidOperationException("No table is bound.");

    public DifferingRows Rows => new(Table, _connection);

    /// <summary>Names the lake's rows.</summary>
    public async Task BindAsync(ComparedTable table, TableIdentifier refined, long snapshotId, CancellationToken cancellationToken)
    {
        _lake = await area.ScanAsync(_connection, refined, snapshotId, table.LakeNames, cancellationToken);
        _table = table;
    }

    public Task<KeyRanges> ChooseRangesAsync(long rows, int most, CancellationToken cancellationToken) => KeyRanges.ChooseAsync(_connection, Table, _lake, rows, most, cancellationToken);

    /// <summary>Sums up both sides of each range that was read.</summary>
    public async Task<IReadOnlyList<RangeSums>> SumAsync(KeyRanges ranges, IReadOnlyList<ChunkRead> reads, CancellationToken cancellationToken)
    {
        _interval = KeyRanges.LakeCondition(Table, reads.Select(r => ranges.Interval(r.Number)));
        var key = Table.KeyNames();
        await Sql.ExecuteAsync(_connection, ReadsSql(reads), cancellationToken);
        await Sql.ExecuteAsync(
            _connection,
            $"""
            CREATE OR REPLACE TABLE {Log} AS
            SELECT r.number, e.* FROM (SELECT *, {ranges.Number} AS own_number FROM (SELECT {Keys()}, {Hash()} AS h, op, pos, xid FROM {LoggedRows()} AS t) AS k) AS e
            JOIN {Reads} AS r ON e.op = 't' OR e.own_number = r.number
            WHERE {SeenTransactions.IsSeenSql(SeenTransactions.WidenedSql("e.xid", "r.xmax"), "r")};
            CREATE OR REPLACE TABLE {Newest} AS
            SELECT number, {key}, h, op, pos FROM {Log} AS e
            WHERE op <> 't' AND pos > coalesce((SELECT max(pos) FROM {Log} AS t WHERE t.op = 't' AND t.number = e.number), '')
            QUALIFY row_number() OVER (PARTITION BY number, {key} ORDER BY pos DESC) = 1;
            CREATE OR REPLACE TABLE {Base} AS
            SELECT b.number, {ComparedKeys("b.")}, b.h FROM (SELECT *, {ranges.Number} AS number FROM (SELECT {Keys()}, {Hash()} AS h FROM {LakeRows()} AS t) AS k) AS b
            JOIN {Reads} AS r ON r.number = b.number
            WHERE NOT EXISTS (SELECT 1 FROM {Log} AS t WHERE t.op = 't' AND t.number = b.number);
            CREATE OR REPLACE TABLE {Expected} AS
            SELECT number, {key}, h FROM {Base} ANTI JOIN {Newest} USING (number, {key})
            UNION ALL SELECT number, {key}, h FROM {Newest} WHERE op <> 'd';
            CREATE OR REPLACE TABLE {SourceHashes} AS SELECT {RollingRows.Number} AS number, {Table.SourceKey()}, {Table.SourceHash} AS h FROM {RollingRows.Table} AS t;
            """,
            cancellationToken);
        var source = await SumsAsync(SourceHashes, cancellationToken);
        var lake = await SumsAsync(Expected, cancellationToken);
        return
        [
            .. reads.Select(r =>
            {
                var (s, l) = (source.GetValueOrDefault(r.Number, (0, "")), lake.GetValueOrDefault(r.Number, (0, "")));
                return new RangeSums(r.Number, ranges.Interval(r.Number), s.Item1, l.Item1, s.Item2, l.Item2);
            }),
        ];
    }

    /// <summary>Finds the keys that differ in these ranges.</summary>
    public async Task<DifferenceCounts> FindAsync(IReadOnlyList<RangeSums> different, CancellationToken cancellationToken)
    {
        await Sql.ExecuteAsync(_connection, $"CREATE OR REPLACE TABLE {DifferingRows.Differences} AS {DifferentKeys(different)}", cancellationToken);
        return await Rows.CountAsync(cancellationToken);
    }

    /// <summary>Takes both sides' rows of the differing keys, at most so many to show.</summary>
    /// <param name="most">Keys to take the source's rows of; null: all.</param>
    /// <param name="shown">Keys to take the lake's rows of.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task TakeRowsAsync(long? most, int shown, CancellationToken cancellationToken)
    {
        await Rows.PickAsync(most, cancellationToken);
        var key = Table.KeyNames();
        var taken = string.Join(", ", Table.Columns.Select(c => c.Taken));
        var equal = string.Join(" AND ", Table.Key.Select((k, i) => $"{k.Source("p.")} = d.{ComparedTable.KeyName(i)}"));
        await Sql.ExecuteAsync(
            _connection,
            string.Create(CultureInfo.InvariantCulture, $"""
            CREATE OR REPLACE TABLE {DifferingRows.SourceRows} AS SELECT p.* EXCLUDE ({RollingRows.Number}) FROM {RollingRows.Table} AS p SEMI JOIN {DifferingRows.Picked} AS d ON {equal};
            CREATE OR REPLACE TABLE {DifferingRows.LakeRows} AS
            WITH wanted AS (SELECT * FROM {DifferingRows.Picked} WHERE number <= {shown})
            SELECT {key}, {taken} FROM (
              SELECT b.* FROM (SELECT {Keys()}, {taken} FROM {LakeRows()} AS t) AS b SEMI JOIN (SELECT {key} FROM {Base}) AS known USING ({key}) ANTI JOIN {Newest} USING ({key})
              UNION ALL BY NAME
              SELECT l.* EXCLUDE (pos) FROM (SELECT {Keys()}, {taken}, pos FROM {LoggedRows()} AS t WHERE op <> 't') AS l SEMI JOIN (SELECT * FROM {Newest} WHERE op <> 'd') AS n USING ({key}, pos)
            ) AS r SEMI JOIN wanted USING ({key})
            QUALIFY row_number() OVER (PARTITION BY {key}) = 1
            """),
            cancellationToken);
    }

    /// <summary>Begins to collect what differs when the same ranges are compared once more.</summary>
    public Task BeginAgainAsync(CancellationToken cancellationToken) =>
        Sql.ExecuteAsync(_connection, $"CREATE OR REPLACE TABLE {Again} AS SELECT {Table.KeyNames()} FROM {DifferingRows.Picked} WHERE false", cancellationToken);

    public Task AddAgainAsync(IReadOnlyList<RangeSums> different, CancellationToken cancellationToken) =>
        Sql.ExecuteAsync(_connection, $"INSERT INTO {Again} SELECT {Table.KeyNames()} FROM ({DifferentKeys(different)}) AS d", cancellationToken);

    /// <summary>Numbers of the picked keys that still differ.</summary>
    public async Task<IReadOnlySet<int>> RemainingAsync(CancellationToken cancellationToken) =>
        (await Sql.QueryAsync(_connection, $"SELECT number FROM {DifferingRows.Picked} SEMI JOIN {Again} USING ({Table.KeyNames()})", r => r.GetInt32(0), cancellationToken)).ToHashSet();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private string DifferentKeys(IReadOnlyList<RangeSums> different)
    {
        var numbers = string.Join(", ", different.Select(r => r.Number.ToString(CultureInfo.InvariantCulture)));
        var key = Table.KeyNames();
        string Grouped(string rows) => $"(SELECT {key}, count(*) AS n, sum(h) AS x FROM {rows} WHERE number IN ({numbers}) GROUP BY {key})";
        return $"""
            SELECT {key}, coalesce(s.n, 0) AS ns, coalesce(l.n, 0) AS nl FROM {Grouped(SourceHashes)} AS s FULL JOIN {Grouped(Expected)} AS l USING ({key})
            WHERE s.n IS DISTINCT FROM l.n OR s.x IS DISTINCT FROM l.x
            """;
    }

    private async Task<Dictionary<int, (long, string)>> SumsAsync(string rows, CancellationToken cancellationToken) =>
        (await Sql.QueryAsync(
            _connection, $"SELECT number, count(*), sum(h)::VARCHAR || ' ' || bit_xor(h)::VARCHAR FROM {rows} GROUP BY number",
            r => (Number: r.GetInt32(0), Rows: r.GetInt64(1), Hash: r.GetString(2)), cancellationToken)).ToDictionary(s => s.Number, s => (s.Rows, s.Hash));

    private static string ReadsSql(IReadOnlyList<ChunkRead> reads) => string.Create(
        CultureInfo.InvariantCulture,
        $"CREATE OR REPLACE TABLE {Reads} AS SELECT * FROM (VALUES {string.Join(", ", reads.Select(r => string.Create(CultureInfo.InvariantCulture, $"({r.Number}, {r.Seen.Xmin}::BIGINT, {r.Seen.Xmax}::BIGINT, {r.Seen.RunningSql})")))}) AS v(number, xmin, xmax, running)");

    /// <summary>The lake's rows of the window's ranges: l0, l1, … in the common types.</summary>
    private string LakeRows() => $"(SELECT {string.Join(", ", Table.Columns.Select(c => $"{c.Lake()} AS {c.Taken}"))} FROM {_lake} AS lake WHERE {_interval})";

    /// <summary>The changes in the same form, as refined would hold them.</summary>
    private string LoggedRows()
    {
        var typed = Table.Columns.Where(c => c.LakeType is not null).Select(c => $"CAST({PgSql.Quote(c.Name)} AS {DuckDbTypes.ToDuckDb(c.LakeType!)}) AS {PgSql.Quote(c.Name)}");
        return $"""
            (SELECT {string.Join(", ", Table.Columns.Select(c => $"{c.Lake()} AS {c.Taken}"))}, "_op" AS op, "_position" AS pos, "_txid" AS xid
             FROM (SELECT {string.Join(", ", typed)}, "_op", "_position", "_txid" FROM {Changes}) AS typed)
            """;
    }

    private string Keys() => string.Join(", ", Table.Key.Select((k, i) => $"t.{k.Taken} AS {ComparedTable.KeyName(i)}"));

    private string ComparedKeys(string prefix) => Table.KeyNames(prefix);

    private string Hash() => $"hash({string.Join(", ", Table.Columns.SelectMany(c => c.LakeTerms($"t.{c.Taken}")))})";
}
