using System.Globalization;
using LakePortal.Ingestion.Offload.Reading;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>The rows behind differing keys.</summary>
internal sealed partial class TableComparison
{
    /// <summary>Staged rows of the source (c0, c1, …) that differ.</summary>
    public const string SourceRows = DifferingRows.SourceRows;

    private const string Picked = DifferingRows.Picked;

    private DifferingRows Rows => new(table, _connection);

    /// <summary>Reads the source's rows of differing keys.</summary>
    /// <param name="most">At most of so many keys; null: of all.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task FetchSourceAsync(long? most, CancellationToken cancellationToken)
    {
        await Rows.PickAsync(most, cancellationToken);
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
        return await Rows.ShowAsync(most, cancellationToken);
    }

    public Task<long> CountLossesAsync(CancellationToken cancellationToken) => Rows.CountLossesAsync(cancellationToken);

    private async Task TakeLakeRowsAsync(int most, CancellationToken cancellationToken)
    {
        var key = table.HasKey ? table.KeyNames() : "h";
        var own = table.HasKey ? table.LakeKey() : $"{table.LakeHash} AS h";
        var columns = string.Join(", ", table.Columns.Select(c => $"{c.Lake()} AS {c.Taken}"));
        await Sql.ExecuteAsync(
            _connection,
            $"""
            CREATE OR REPLACE TABLE {DifferingRows.LakeRows} AS
            SELECT * FROM (SELECT {own}, {columns} FROM {_lake} AS t) AS r
            SEMI JOIN (SELECT * FROM {Picked} WHERE number <= {most.ToString(CultureInfo.InvariantCulture)}) AS d USING ({key})
            QUALIFY row_number() OVER (PARTITION BY {key}) = 1
            """,
            cancellationToken);
    }
}
