using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Tests.Writing;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Queries;

public sealed class PruningTests : IAsyncLifetime, IDisposable
{
    private readonly TestLake _lake = new();
    private EngineHarness _engine = null!;
    private DuckDBConnection _plain = null!;

    public async Task InitializeAsync()
    {
        _engine = new EngineHarness(_lake.Catalog, new EngineOptions { MemoryLimit = "512MB", DataDirectories = [_lake.Root] });
        await _lake.CreateAsync("p", Fields());
        await _lake.CreateAsync("q", Fields(), new PartitionBy("d", new Transform("month")));
        for (var i = 0; i < 8; i++)
        {
            await _lake.AppendAsync("p", Rows(i));
        }

        await _lake.AppendAsync("q", $"SELECT * FROM ({string.Join(" UNION ALL ", Enumerable.Range(0, 8).Select(i => $"({Rows(i)})"))})");
        _plain = new DuckDBConnection("DataSource=:memory:");
        _plain.Open();
        foreach (var table in (string[])["p", "q"])
        {
            Run($"SET TimeZone='UTC'; CREATE SCHEMA IF NOT EXISTS raw; CREATE TABLE raw.{table} AS SELECT * FROM read_parquet([{string.Join(", ", _lake.DataFiles(table).Select(f => $"'{f}'"))}], hive_partitioning=false)");
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _engine.Dispose();
        _plain.Dispose();
        _lake.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_condition_gives_the_rows_that_plain_DuckDB_gives(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 60; i++)
        {
            var from = random.Next(5) switch
            {
                0 => "raw.p AS a",
                1 => "raw.p AS b LEFT JOIN raw.q AS a ON a.id = b.id AND " + Condition(random, "a", 1),
                2 => "raw.q AS a FULL JOIN raw.p AS b ON a.id = b.id + 3 AND " + Condition(random, "a", 1),
                3 => "raw.q AS a JOIN raw.p AS b ON a.id = b.id AND " + Condition(random, "b", 1),
                _ => "(SELECT * FROM raw.q WHERE " + Condition(random, "raw.q", 1) + ") AS a",
            };
            var sql = $"SELECT count(*), sum(a.id), min(a.s), max(a.x) FROM {from} WHERE {Condition(random, "a", 2)}";
            Assert.Equal((sql, Run(sql)), (sql, string.Join('|', await _engine.RowsAsync(sql.Replace("SELECT count(*), sum(a.id), min(a.s), max(a.x)", "SELECT count(*)::VARCHAR, sum(a.id)::VARCHAR, min(a.s), max(a.x)::VARCHAR", StringComparison.Ordinal)))));
        }
    }

    [Theory]
    [InlineData("id = 150", 1)]
    [InlineData("id IN (150, 250)", 2)]
    [InlineData("id BETWEEN 150 AND 250", 2)]
    [InlineData("d = DATE '2026-02-05'", 1)]
    [InlineData("d >= '2026-08-01'", 1)]
    [InlineData("d < DATE '2026-03-31' - INTERVAL 1 month", 2)]
    [InlineData("n < 100.50", 2)]
    [InlineData("s LIKE 'k3%'", 1)]
    [InlineData("150 > id AND id >= 100", 1)]
    [InlineData("id = 1 OR id = 799", 2)]
    [InlineData("ts < TIMESTAMP '2026-01-15'", 1)]
    [InlineData("id + 1 = 150", 8)]
    [InlineData("x > 3", 8)]
    [InlineData("id = random()", 8)]
    public async Task Files_that_cannot_match_are_not_opened(string condition, int files)
    {
        await using var query = await _engine.Engine.StartAsync(new LakeQueryRequest($"SELECT * FROM raw.p WHERE {condition}", Caller.System), CancellationToken.None);
        Assert.Equal((8, files), (query.Scan.FilesTotal, query.Scan.FilesKept));
    }

    private static IReadOnlyList<NestedField> Fields() =>
    [
        new(0, "id", PrimitiveType.Long), new(0, "d", PrimitiveType.Date), new(0, "s", PrimitiveType.String), new(0, "x", PrimitiveType.Double),
        new(0, "n", PrimitiveType.Decimal(9, 2)), new(0, "ts", PrimitiveType.Timestamp),
    ];

    private static string Rows(int file) => string.Create(CultureInfo.InvariantCulture, $"""
        SELECT CASE WHEN r % 10 = 7 THEN NULL ELSE r END AS id, (DATE '2026-01-01' + INTERVAL ({file}) MONTH + INTERVAL (r % 28) DAY)::DATE AS d,
          CASE WHEN r % 7 = 0 THEN NULL ELSE 'k{file}' || r END AS s, CASE WHEN r % 20 = 0 THEN 'NaN'::DOUBLE ELSE r / 3 END AS x, r::DECIMAL(9,2) AS n,
          (DATE '2026-01-01' + INTERVAL ({file}) MONTH + INTERVAL (r % 28) DAY)::TIMESTAMP AS ts
        FROM range({file * 100}, {(file + 1) * 100}) t(r)
        """);

    private static string Condition(Random random, string table, int depth)
    {
        if (depth > 0 && random.Next(3) > 0)
        {
            return $"({Condition(random, table, depth - 1)} {(random.Next(2) == 0 ? "AND" : "OR")} {Condition(random, table, depth - 1)})";
        }

        var number = random.Next(-10, 820);
        var op = ((string[])["=", "<>", "<", "<=", ">", ">="])[random.Next(6)];
        return random.Next(10) switch
        {
            0 => $"{table}.id {op} {number}",
            1 => $"{table}.d {op} DATE '2026-0{random.Next(1, 9)}-11'",
            2 => $"{table}.s LIKE 'k{random.Next(9)}{random.Next(9)}%'",
            3 => $"{table}.x {op} {number}",
            4 => $"{table}.n {op} {number}.5",
            5 => $"{table}.id IN ({number}, {number + 200}, 5)",
            6 => $"{table}.s IS {(random.Next(2) == 0 ? "NOT " : "")}NULL",
            7 => $"{table}.id BETWEEN {number} AND {number + 60}",
            8 => $"{table}.ts {op} '2026-0{random.Next(1, 9)}-02 00:00:00'",
            _ => $"NOT ({table}.id {op} {number})",
        };
    }

    private string Run(string sql)
    {
        using var command = _plain.CreateCommand();
        command.CommandText = sql.Replace("SELECT count(*), sum(a.id), min(a.s), max(a.x)", "SELECT count(*)::VARCHAR, sum(a.id)::VARCHAR, min(a.s), max(a.x)::VARCHAR", StringComparison.Ordinal);
        using var reader = command.ExecuteReader();
        return reader.Read() ? string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "NULL" : reader.GetString(i))) : "";
    }
}
