using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Queries;

/// <summary>
/// Errors as oracles: the row with the id 2 is hidden by a row filter, and it alone makes the conditions below fail. Whoever sees an error, or its
/// absence, has learnt of a row that must not exist for them.
/// </summary>
public sealed class LeakTests : IDisposable
{
    private static readonly TableIdentifier People = new("refined", "people");
    private readonly DataFolder _folder = new();
    private readonly FileTable _people;
    private readonly EngineHarness _engine;

    public LeakTests()
    {
        _people = new FileTable(
            People,
            [
                new Schema(0,
                [
                    new NestedField(1, "id", PrimitiveType.Long), new NestedField(2, "secret", PrimitiveType.String), new NestedField(3, "n", PrimitiveType.Long),
                    new NestedField(4, "x", PrimitiveType.Double), new NestedField(5, "region", PrimitiveType.String),
                ], []),
            ]);
        _people.Add(_folder.Write(
            "p.parquet",
            """
            SELECT range::BIGINT AS id, CASE WHEN range = 2 THEN 'a[b' ELSE range::VARCHAR END AS secret, CASE WHEN range = 2 THEN -9000000000000000000 ELSE range END::BIGINT AS n,
              CASE WHEN range = 2 THEN 1e300 ELSE 1 END::DOUBLE AS x, CASE WHEN range % 2 = 0 THEN 'US' ELSE 'EU' END AS region FROM range(3000)
            """,
            "id: 1, secret: 2, n: 3, x: 4, region: 5"));
        _engine = new EngineHarness(new FileCatalog(_people));
    }

    public static TheoryData<string, string> Probes()
    {
        var data = new TheoryData<string, string>();
        foreach (var filter in (string[])["region = 'EU'", "lower(region) LIKE '%eu%'"])
        {
            foreach (var condition in (string[])
            [
                "CAST(secret AS INTEGER) >= 0", "n::UBIGINT >= 0", "n::INTEGER >= 0", "to_base(n, 16) IS NOT NULL", "epoch_ms(n) IS NOT NULL", "to_timestamp(x) IS NOT NULL",
                "string_split_regex('a', secret) IS NOT NULL", "regexp_extract_all('a', secret) IS NOT NULL", "regexp_matches('a', secret) IS NOT NULL", "n - 900000000000000000 < 9",
                "n * 2 >= 0", "x::FLOAT > 0", "x::DECIMAL(18, 3) > 0", "ln(n + 1) >= 0", "sqrt(n) >= 0", "make_timestamp(n) IS NOT NULL", "chr((n % 100000)::INT) IS NOT NULL",
                "secret::JSON IS NOT NULL", "n % (n + 9000000000000000000) IS NULL OR CASE WHEN secret LIKE '%[%' THEN 'x'::INT = 1 ELSE true END",
                "(9 // (id - 2)) IS NOT NULL AND secret::BIGINT >= 0", "date_part(CASE WHEN secret = 'a[b' THEN 'nothing' ELSE 'year' END, DATE '2026-01-01') = 2026",
            ])
            {
                data.Add(filter, condition);
            }
        }

        return data;
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Probes))]
    public async Task A_hidden_row_never_makes_a_query_fail(string filter, string condition)
    {
        _engine.Authorizer.Restrictions[People] = new TableRestriction(filter, new Dictionary<string, string>());
        foreach (var sql in (string[])
        [
            $"SELECT count(*) FROM refined.people WHERE {condition}",
            $"SELECT count(*) FROM (SELECT *, ({condition}) AS k FROM refined.people) WHERE k AND id >= 0",
            $"SELECT count(*) FROM refined.people JOIN range(3000) AS r ON r.range = id AND ({condition})",
            $"WITH p AS (SELECT * FROM refined.people) SELECT count(*) FROM p WHERE id IN (SELECT id FROM p WHERE {condition})",
            $"SELECT count(*) FROM refined.people GROUP BY ALL HAVING count(CASE WHEN {condition} THEN 1 END) >= 0",
        ])
        {
            Assert.Equal((sql, "1500"), (sql, (await _engine.RowsAsync(sql)).Single()));
        }
    }

    [Theory]
    [InlineData("CAST('x' AS INTEGER) = 1")]
    [InlineData("to_base(-1, 16) IS NOT NULL")]
    [InlineData("to_base((random() * 0 - 1)::INT, 16) IS NOT NULL")]
    [InlineData("secret::INTEGER > 0")]
    [InlineData("n::UBIGINT > id AND id = 2")]
    public async Task Where_every_row_is_hidden_no_condition_fails(string condition)
    {
        _engine.Authorizer.Restrictions[People] = new TableRestriction("lower(region) = 'none'", new Dictionary<string, string>());
        Assert.Equal(["0"], await _engine.RowsAsync($"SELECT count(*) FROM refined.people WHERE {condition}"));
    }

    [Fact]
    public async Task A_condition_fails_alike_whether_or_not_hidden_rows_are_in_reach()
    {
        _engine.Authorizer.Restrictions[People] = new TableRestriction("lower(region) = 'none'", new Dictionary<string, string>());
        const string sql = "SELECT count(*) FROM refined.people WHERE regexp_extract_all('a', '[') IS NOT NULL";
        var reached = await _engine.RefusedAsync<QueryDataException>(sql);
        _people.Tasks.Clear();
        Assert.Equal(reached.Message, (await _engine.RefusedAsync<QueryDataException>(sql)).Message);
    }

    [Theory]
    [InlineData("CASE WHEN region = 'EU' THEN n END", "n::INTEGER >= 0")]
    [InlineData("CASE WHEN region = 'EU' THEN n ELSE 0 END", "to_base(n, 16) IS NOT NULL")]
    [InlineData("CASE WHEN region = 'EU' THEN x END", "to_timestamp(x) IS NOT NULL")]
    public async Task A_masked_value_never_makes_a_query_fail(string mask, string condition)
    {
        var column = mask.Contains(" x ", StringComparison.Ordinal) ? "x" : "n";
        _engine.Authorizer.Restrictions[People] = new TableRestriction(null, new Dictionary<string, string> { [column] = mask });
        Assert.Equal(["1500"], await _engine.RowsAsync($"SELECT count(*) FROM refined.people WHERE region = 'EU' AND {condition}"));
        Assert.Equal(["3000"], await _engine.RowsAsync($"SELECT count(*) FROM (SELECT ({condition}) AS k FROM refined.people)"));
    }

    [Fact]
    public async Task A_mask_may_be_random()
    {
        _engine.Authorizer.Restrictions[People] = new TableRestriction("id < 10", new Dictionary<string, string> { ["x"] = "random()" });
        Assert.Equal(["10|true"], await _engine.RowsAsync("SELECT count(*), max(x) < 1 FROM refined.people"));
    }

    [Fact]
    public async Task The_number_of_files_read_is_not_told_of_filtered_tables()
    {
        _engine.Authorizer.Restrictions[People] = new TableRestriction("region = 'EU'", new Dictionary<string, string>());
        await using var query = await _engine.Engine.StartAsync(new LakeQueryRequest("SELECT id FROM refined.people WHERE id = 2", Caller.System), CancellationToken.None);
        Assert.Equal(new ScanStatistics(0, 0, 0, 0, 0, 0), query.Scan);
    }

    [Theory]
    [InlineData("SELECT (SELECT count(*) FROM refined.people)", "(subquery)")]
    [InlineData("SELECT 1 + (SELECT count(*) FROM refined.people), (SELECT max(id) FROM refined.people)", "(subquery)", "(subquery 2)")]
    [InlineData("SELECT * FROM (SELECT EXISTS (SELECT 1 FROM refined.people), 2 AS two)", "(subquery)", "two")]
    [InlineData("WITH c AS (SELECT 7 IN (SELECT id FROM refined.people)) SELECT * FROM c", "(subquery)")]
    [InlineData("SELECT (SELECT 1) UNION ALL SELECT (SELECT count(*) FROM refined.people)", "(subquery)")]
    [InlineData("SELECT (SELECT count(*) FROM refined.people) AS n", "n")]
    public async Task Names_of_columns_do_not_tell_where_files_lie(string sql, params string[] names)
    {
        await using var query = await _engine.Engine.StartAsync(new LakeQueryRequest(sql, Caller.System), CancellationToken.None);

        Assert.Equal(names, query.Columns.Select(c => c.Name));
    }
}
