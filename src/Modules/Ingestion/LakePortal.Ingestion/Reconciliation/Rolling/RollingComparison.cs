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
    private const string Truncated = "rolling_truncated";
    private const string Base = "rolling_base";
    private const string Expected = "rolling_expected";
    private const string SourceHashes = "rolling_hashes";
    private const string Again = "rolling_again";

    private readonly DuckDBConnection _connection = area.OpenConnection();
    private ComparedTable? _table;
    private string _lake = "";
    private string _lakeRows = "";

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

    /// <summary>All rows of the lake.</summary>
    public string Lake => _lake;

    /// <summary>Sums up both sides of each part that was read.</summary>
    public async Task<IReadOnlyList<RangeSums>> SumAsync(RollingParts parts, IReadOnlyList<ChunkRead> reads, CancellationToken cancellationToken)
    {
        _lakeRows = parts.LakeRows(Table, _lake, reads);
        var key = Table.KeyNames();
        await Sql.ExecuteAsync(_connection, ReadsSql(reads), cancellationToken);
        await Sql.ExecuteAsync(
            _connection,
            $"""
            CREATE OR REPLACE TABLE {Log} AS
            SELECT r.number, e.* FROM {parts.Numbered(Table, $"(SELECT {Keys()}, {Hash()} AS h, op, pos, xid FROM {LoggedRows()} AS t)")} AS e
            JOIN {Reads} AS r ON e.op = 't' OR e.own_number = r.number
            WHERE {SeenTransactions.IsSeenSql(SeenTransactions.WidenedSql("e.xid", "r.xmax"), "r")};
            CREATE OR REPLACE TABLE {Truncated} AS SELECT number, max(pos) AS cut FROM {Log} WHERE op = 't' GROUP BY number;
            CREATE OR REPLACE TABLE {Newest} AS
            SELECT e.number, {Table.KeyNames("e.")}, arg_max(e.h, e.pos) AS h, arg_max(e.op, e.pos) AS op, max(e.pos) AS pos FROM {Log} AS e LEFT JOIN {Truncated} AS c ON c.number = e.number
            WHERE e.op <> 't' AND (c.cut IS NULL OR e.pos > c.cut) GROUP BY e.number, {Table.KeyNames("e.")};
            CREATE OR REPLACE TABLE {Base} AS
            SELECT r.number, {ComparedKeys("b.")}, b.h FROM {parts.Numbered(Table, $"(SELECT {Keys()}, {Hash()} AS h FROM {LakeRows()} AS t)")} AS b
            JOIN {Reads} AS r ON r.number = b.own_number
            ANTI JOIN {Truncated} AS c ON c.number = b.own_number;
            CREATE OR REPLACE TABLE {Expected} AS
            SELECT number, {key}, h FROM {Base} ANTI JOIN {Newest} USING (number, {key})
            UNION ALL SELECT number, {key}, h FROM {Newest} WHERE op <> 'd';
            CREATE OR REPLACE TABLE {SourceHashes} AS SELECT {RollingRows.Number} AS number, {Table.SourceKey()}, {Table.SourceHash} AS h FROM {parts.SourceRows(Table)};
            """,
            cancellationToken);
        var source = await SumsAsync(SourceHashes, cancellationToken);
        var lake = await SumsAsync(Expected, cancellationToken);
        return
        [
            .. reads.Select(r =>
            {
                var (s, l) = (source.GetValueOrDefault(r.Number, (0, "")), lake.GetValueOrDefault(r.Number, (0, "")));
                return new RangeSums(r.Number, parts.Interval(r.Number), s.Item1, l.Item1, s.Item2, l.Item2);
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
            SELECT DISTINCT ON ({key}) {key}, {taken} FROM (
              SELECT b.* FROM (SELECT {Keys()}, {taken} FROM {LakeRows()} AS t) AS b SEMI JOIN (SELECT {key} FROM {Base}) AS known USING ({key}) ANTI JOIN {Newest} USING ({key})
              UNION ALL BY NAME
              SELECT l.* EXCLUDE (pos) FROM (SELECT {Keys()}, {taken}, pos FROM {LoggedRows()} AS t WHERE op <> 't') AS l SEMI JOIN (SELECT * FROM {Newest} WHERE op <> 'd') AS n USING ({key}, pos)
            ) AS r SEMI JOIN wanted USING ({key})
            """),
            cancellationToken);
    }

    /// <summary>Begins to collect what differs when the same ranges are compared once more.</summary>
    public Task BeginAgainAsync(CancellationToken cancellationToken) =>
        Sql.ExecuteAsync(_connection, $"CREATE OR REPLACE TABLE {Again} AS SELECT {Table.KeyNames()} FROM {DifferingRows.Picked} WHERE false", cancellationToken);

    public Task AddAgainAsync(IReadOnlyList<RangeSums> different, CancellationToken cancellationToken) =>
        Sql.ExecuteAsync(_connection, $"INSERT INTO {Again} SELECT {Table.KeyNames()} FROM ({DifferentKeys(different)}) AS d", cancellationToken);

    /// <summary>Keys of the picked rows with these numbers, as texts in the key's order; null: of all.</summary>
    public async Task<IReadOnlyList<string>> KeyTextsAsync(IReadOnlySet<int>? numbers, CancellationToken cancellationToken)
    {
        var texts = string.Join(", ", Table.Key.Select((k, i) => ComparedColumn.Text(ComparedTable.KeyName(i), k.LakeType!)));
        var rows = await Sql.QueryAsync(
            _connection, $"SELECT number, {texts} FROM {DifferingRows.Picked}", r => (Number: r.GetInt32(0), Key: KeyText(Enumerable.Range(1, Table.Key.Count).Select(r.GetString))), cancellationToken);
        return [.. rows.Where(r => numbers?.Contains(r.Number) != false).Select(r => r.Key)];
    }

    public static string KeyText(IEnumerable<string> values) => string.Join('\u001f', values);

    /// <summary>Texts of keys as PostgreSQL prints them, in the form that <see cref="KeyTextsAsync"/> has; null: they are none.</summary>
    public async Task<IReadOnlyList<string?>> CanonicalAsync(IReadOnlyList<IReadOnlyList<string?>> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            return [];
        }

        var typed = string.Join(", ", Table.Key.Select((k, i) => string.Create(CultureInfo.InvariantCulture, $"{ComparedColumn.Text(k.Parsed($"v{i}"), k.LakeType!)}")));
        var values = string.Join(", ", keys.Select((key, n) => string.Create(CultureInfo.InvariantCulture, $"({n}, {string.Join(", ", key.Select(v => v is null ? "NULL::VARCHAR" : Sql.Literal(v)))})")));
        var names = string.Join(", ", Table.Key.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"v{i}")));
        return await Sql.QueryAsync(
            _connection, $"SELECT {typed} FROM (VALUES {values}) AS k(n, {names}) ORDER BY n",
            r => Enumerable.Range(0, Table.Key.Count).Any(r.IsDBNull) ? null : KeyText(Enumerable.Range(0, Table.Key.Count).Select(r.GetString)), cancellationToken);
    }

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
    private string LakeRows() => $"(SELECT {string.Join(", ", Table.Columns.Select(c => $"{c.Lake()} AS {c.Taken}"))} FROM {_lakeRows} AS lake)";

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
