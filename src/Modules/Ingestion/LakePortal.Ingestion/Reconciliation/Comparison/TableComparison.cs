using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>Count and checksums of a range on both sides.</summary>
internal sealed record RangeSums(int Number, KeyInterval Interval, long RowsSource, long RowsLake, string HashSource, string HashLake)
{
    public bool IsEqual => RowsSource == RowsLake && HashSource == HashLake;
}

/// <param name="Missing">Rows that the lake lacks.</param>
/// <param name="Extra">Rows that only the lake has.</param>
/// <param name="Changed">Rows with other values.</param>
/// <param name="Keys">Keys (or, without a key, distinct rows) concerned.</param>
internal sealed record DifferenceCounts(long Missing, long Extra, long Changed, long Keys)
{
    public long All => Missing + Extra + Changed;
}

/// <summary>
/// Compares one table's rows in a private database. Source rows stream in by COPY and leave their key and hash; the lake's rows are hashed in one pass
/// over the pinned snapshot. Where sums of a range differ, keys and hashes of that range are joined, and only the rows behind what is left are read.
/// </summary>
internal sealed partial class TableComparison(ComparedTable table, IStagingArea area, SourceSnapshot snapshot, ReadAccess access, ChunkSizes sizes, OffloadProgress progress) : IAsyncDisposable
{
    private const string Hashes = "source_hashes";
    private const string Differences = DifferingRows.Differences;

    private readonly DuckDBConnection _connection = area.OpenConnection();
    private string _lake = "";
    private string _lakeCondition = "";

    public DuckDBConnection Connection => _connection;

    public ComparedTable Table => table;

    /// <summary>Names the lake's rows.</summary>
    public async Task BindAsync(Iceberg.TableIdentifier refined, long snapshotId, CancellationToken cancellationToken) =>
        _lake = await area.ScanAsync(_connection, refined, snapshotId, table.LakeNames, cancellationToken);

    /// <summary>Goes on with a later snapshot, in which the lake may have columns that it lacked.</summary>
    public Task BindAgainAsync(ComparedTable later, Iceberg.TableIdentifier refined, long snapshotId, CancellationToken cancellationToken)
    {
        table = later;
        return BindAsync(refined, snapshotId, cancellationToken);
    }

    public Task<KeyRanges> ChooseRangesAsync(long rows, int most, CancellationToken cancellationToken) => KeyRanges.ChooseAsync(_connection, table, _lake, rows, most, cancellationToken);

    /// <param name="ranges">Ranges to sum up in.</param>
    /// <param name="part">Only rows of these intervals; null: all.</param>
    /// <param name="cancellationToken">Stops both sides.</param>
    public async Task<IReadOnlyList<RangeSums>> SumAsync(KeyRanges ranges, IReadOnlyList<KeyInterval>? part, CancellationToken cancellationToken)
    {
        _lakeCondition = part is null ? "" : $" WHERE {KeyRanges.LakeCondition(table, part)}";
        var keys = string.Concat(table.Key.Select((k, i) => $"{ComparedTable.KeyName(i)} {k.Type}, "));
        await Sql.ExecuteAsync(_connection, $"CREATE OR REPLACE TABLE {Hashes} ({keys}h UBIGINT); CREATE OR REPLACE TABLE {Differences} ({(table.HasKey ? keys : "h UBIGINT, ")}ns BIGINT, nl BIGINT)", cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var lake = SumAsync(ranges, LakeHashes, stop.Token);
        var scan = new SourceScan(snapshot, table.Plan, area, progress, sizes.Lanes);
        try
        {
            var select = With(table.SourceKey(), table.SourceHash);
            _ = await scan.ReadAsync(part is null ? Whole() : [.. part.Select(Interval)], piece => $"INSERT INTO {Hashes} SELECT {select} FROM {piece}", cancellationToken);
        }
        catch
        {
            await stop.CancelAsync();
            await ((Task)lake).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        var lakeSums = await lake;
        var sourceSums = await SumAsync(ranges, Hashes, cancellationToken);
        return
        [
            .. sourceSums.Keys.Union(lakeSums.Keys).Order().Select(n =>
            {
                var (s, l) = (sourceSums.GetValueOrDefault(n, (0, "")), lakeSums.GetValueOrDefault(n, (0, "")));
                return new RangeSums(n, ranges.Interval(n), s.Item1, l.Item1, s.Item2, l.Item2);
            }),
        ];
    }

    /// <summary>Finds the keys that differ in these ranges.</summary>
    public async Task<DifferenceCounts> FindAsync(KeyRanges ranges, IReadOnlyList<RangeSums> different, CancellationToken cancellationToken)
    {
        var numbers = string.Join(", ", different.Select(r => r.Number.ToString(CultureInfo.InvariantCulture)));
        var key = table.HasKey ? table.KeyNames() : "h";
        string Grouped(string rows) => $"(SELECT {key}, count(*) AS n, sum(h) AS x FROM {rows} AS r WHERE {ranges.Number} IN ({numbers}) GROUP BY {key})";
        await Sql.ExecuteAsync(
            _connection,
            $"""
            INSERT INTO {Differences} SELECT {key}, coalesce(s.n, 0), coalesce(l.n, 0)
            FROM {Grouped(Hashes)} AS s FULL JOIN {Grouped(LakeHashes)} AS l USING ({key})
            WHERE s.n IS DISTINCT FROM l.n OR s.x IS DISTINCT FROM l.x
            """,
            cancellationToken);
        return await Rows.CountAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private string LakeHashes => $"(SELECT {With(table.LakeKey(), table.LakeHash)} AS h FROM {_lake} AS t{_lakeCondition})";

    private static string With(string keys, string last) => keys.Length == 0 ? last : $"{keys}, {last}";

    private async Task<Dictionary<int, (long, string)>> SumAsync(KeyRanges ranges, string rows, CancellationToken cancellationToken)
    {
        var sums = await Sql.QueryAsync(
            _connection,
            $"SELECT {ranges.Number} AS range_number, count(*), sum(h)::VARCHAR || ' ' || bit_xor(h)::VARCHAR FROM {rows} AS r GROUP BY range_number",
            r => (Number: r.GetInt32(0), Rows: r.GetInt64(1), Hash: r.GetString(2)), cancellationToken);
        return sums.ToDictionary(s => s.Number, s => (s.Rows, s.Hash));
    }

    private List<string> Whole() => [.. ChunkPlanner.Whole(access, sizes).Select(c => c.CopySql(table.Source, table.Plan, snapshot.Xmax))];

    private string Interval(KeyInterval interval) =>
        $"COPY (SELECT {string.Join(", ", table.Plan.Columns.Select(c => c.Select))} FROM {table.Source.Sql} WHERE {KeyRanges.SourceCondition(table, interval)}) TO STDOUT (FORMAT binary)";
}
