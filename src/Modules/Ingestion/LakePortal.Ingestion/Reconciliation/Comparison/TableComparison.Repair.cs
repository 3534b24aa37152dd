namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>What a repair writes, and whether it helped.</summary>
internal sealed partial class TableComparison
{
    public Task StageRepairAsync(string rows, string gone, CancellationToken cancellationToken) => Rows.StageRepairAsync(rows, gone, cancellationToken);

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
