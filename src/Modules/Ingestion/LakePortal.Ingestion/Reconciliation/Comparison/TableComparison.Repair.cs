using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>What a repair writes, and whether it helped.</summary>
internal sealed partial class TableComparison
{
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
            _connection,
            $"""
            CREATE OR REPLACE TABLE {rows} AS SELECT {string.Join(", ", columns)} FROM {SourceRows}{where} QUALIFY count(*) OVER (PARTITION BY {string.Join(", ", table.Key.Select(k => k.Source()))}) = 1;
            CREATE OR REPLACE TABLE {gone} AS SELECT {string.Join(", ", keys)} FROM {Picked} WHERE ns = 0;
            """,
            cancellationToken);
    }

    /// <summary>Compares the picked keys once more.</summary>
    /// <param name="source">Staged rows of the source.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Numbers of the keys that differ.</returns>
    public async Task<IReadOnlySet<int>> RemainingAsync(string source, CancellationToken cancellationToken)
    {
        var key = table.KeyNames();
        string Grouped(string select, string from) => $"(SELECT {key}, count(*) AS n, sum(h) AS x FROM (SELECT {select} AS h FROM {from}) AS r SEMI JOIN {Picked} AS d USING ({key}) GROUP BY {key})";
        var numbers = await Sql.QueryAsync(
            _connection,
            $"""
            SELECT d.number FROM {Picked} AS d
            LEFT JOIN {Grouped(With(table.SourceKey(), table.SourceHash), $"{source} AS t")} AS s USING ({key})
            LEFT JOIN {Grouped(With(table.LakeKey(), table.LakeHash), $"{_lake} AS t")} AS l USING ({key})
            WHERE s.n IS DISTINCT FROM l.n OR s.x IS DISTINCT FROM l.x
            """,
            r => r.GetInt32(0), cancellationToken);
        return numbers.ToHashSet();
    }
}
