using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>Tables without a key; what must come out is told by counting rows in plain SQL.</summary>
public sealed class CopiesTests : IDisposable
{
    private readonly TestLake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task The_right_number_of_equal_rows_goes_by_position_deletes_alone()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1 AS a, 'x' AS b FROM range(5) UNION ALL SELECT 2, NULL FROM range(4) UNION ALL SELECT range::INTEGER, 'y' FROM range(100, 200)");
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1 AS a, 'x' AS b FROM range(2) UNION ALL SELECT range::INTEGER, 'z' FROM range(100, 200)");
        var before = (await _lake.PlanAsync("t")).Tasks.Select(t => t.File.Path).Order().ToList();

        var outcome = await ApplyAsync("(1, 'x', -6), (2, NULL, -1), (3, 'new', 2), (7, 'nowhere', -4), (100, 'z', -1)");

        Assert.Equal((2, 8), (outcome.RowsWritten, outcome.RowsDeleted));
        Assert.Equal(
            ["1|x|1", "2|null|3", "3|new|2", "100|y|1"],
            await _lake.RowsAsync("t", "SELECT a, b, count(*) FROM t WHERE a <= 100 GROUP BY a, b ORDER BY a, b"));
        Assert.Equal(["205"], await _lake.RowsAsync("t", "SELECT count(*) FROM t"));
        var after = (await _lake.PlanAsync("t")).Tasks;
        Assert.Equal(before, after.Select(t => t.File.Path).Where(before.Contains).Order());
        Assert.All(after.SelectMany(t => t.Deletes), d => Assert.Equal(FileContent.PositionDeletes, d.Content));
    }

    [Fact]
    public async Task Random_changes_end_in_the_counts_of_a_multiset()
    {
        const string Row = "(k % 13)::INTEGER AS a, CASE WHEN k % 5 = 0 THEN NULL ELSE 'text ' || (k % 5) END AS b, (k % 3 / 2)::DOUBLE AS c, CASE WHEN k % 7 = 0 THEN NULL ELSE [k % 2, NULL] END AS d, {'x': k % 2} AS e";
        using var plain = new DuckDBConnection("Data Source=:memory:");
        plain.Open();
        Execute(plain, $"CREATE TABLE log AS SELECT {Row}, 1::BIGINT AS copies FROM range(3000) AS r(k)");
        await _lake.WriteAsync("t", WriteMode.Append, $"SELECT {Row} FROM range(1500) AS r(k)");
        await _lake.WriteAsync("t", WriteMode.Append, $"SELECT {Row} FROM range(1500, 3000) AS r(k)");
        for (var round = 1; round <= 4; round++)
        {
            var changes = string.Create(CultureInfo.InvariantCulture, $"SELECT {Row}, (hash(k, {round}) % 3)::BIGINT - 1 AS copies FROM range({round * 100}, {(round * 100) + 60}) AS r(k)");
            await using var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None);
            await area.ApplyCopiesAsync(TestLake.Id("t"), changes, "copies", new Dictionary<string, string>(), CancellationToken.None);
            Execute(plain, $"INSERT INTO log {changes}");
        }

        using var command = plain.CreateCommand();
        command.CommandText = "SELECT concat_ws('|', a, coalesce(b, 'null'), c, coalesce(d::VARCHAR, 'null'), e::VARCHAR, sum(copies)::BIGINT) AS line FROM log GROUP BY a, b, c, d, e HAVING sum(copies) > 0 ORDER BY line";
        using var reader = command.ExecuteReader();
        var expected = new List<string>();
        while (reader.Read())
        {
            expected.Add(reader.GetString(0));
        }

        Assert.Equal(expected, await _lake.RowsAsync("t", "SELECT concat_ws('|', a, coalesce(b, 'null'), c, coalesce(d::VARCHAR, 'null'), e::VARCHAR, count(*)) AS line FROM t GROUP BY a, b, c, d, e ORDER BY line"));
    }

    [Fact]
    public async Task Changes_that_undo_each_other_change_nothing()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1 AS a, 'x' AS b");
        var outcome = await ApplyAsync("(1, 'x', -1), (1, 'x', 1), (5, 'v', 0)");
        Assert.Equal((0, 0), (outcome.RowsWritten, outcome.RowsDeleted));
        Assert.Equal(["1|x"], await _lake.RowsAsync("t", "SELECT * FROM t"));

        // A position is kept even when no row changes.
        Assert.NotEqual(outcome.SnapshotId, (await ApplyAsync("(9, 'gone', -1)", new Dictionary<string, string> { ["lakeportal.position.s"] = "1" })).SnapshotId);
    }

    private async Task<WriteOutcome> ApplyAsync(string values, Dictionary<string, string>? summary = null)
    {
        await using var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None);
        return await area.ApplyCopiesAsync(TestLake.Id("t"), $"SELECT * FROM (VALUES {values}) AS v(a, b, n)", "n", summary ?? [], CancellationToken.None);
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
