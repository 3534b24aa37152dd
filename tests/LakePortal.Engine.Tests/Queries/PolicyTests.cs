using LakePortal.Engine.Queries;
using LakePortal.Engine.Queries.Binding;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Queries;

public sealed class PolicyTests : IDisposable
{
    private static readonly TableIdentifier People = new("refined", "people");
    private readonly DataFolder _folder = new();
    private readonly FileTable _people;
    private readonly EngineHarness _engine;

    public PolicyTests()
    {
        _people = new FileTable(
            People,
            [new Schema(0, [new NestedField(1, "id", PrimitiveType.Long), new NestedField(2, "email", PrimitiveType.String), new NestedField(3, "region", PrimitiveType.String)], [])]);
        _people.Add(_folder.Write("p.parquet", "SELECT * FROM (VALUES (1::BIGINT, 'ann@x', 'EU'), (2, 'bob@x', 'US'), (3, 'cid@x', 'EU')) t(id, email, region)", "id: 1, email: 2, region: 3"));
        _engine = new EngineHarness(new FileCatalog(_people));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("SELECT count(*) FROM refined.people", "2")]
    [InlineData("SELECT string_agg(email, ',' ORDER BY id) FROM refined.people", "***,***")]
    [InlineData("SELECT count(*) FROM refined.people WHERE email = 'ann@x'", "0")]
    [InlineData("SELECT count(*) FROM refined.people WHERE email = '***'", "2")]
    [InlineData("SELECT count(*) FROM refined.people WHERE region = 'US' OR id = 2", "0")]
    [InlineData("SELECT count(*) FROM refined.people a JOIN refined.people b USING (email)", "4")]
    [InlineData("SELECT max(p).email FROM refined.people p", "***")]
    [InlineData("SELECT email FROM (SELECT * FROM refined.people ORDER BY id LIMIT 1)", "***")]
    [InlineData("SELECT max(id) FROM refined.people", "3")]
    [InlineData("SELECT count(*) FROM refined.people WHERE id = 2 OR true", "2")]
    public async Task Filters_see_true_values_and_queries_see_masked_ones(string sql, string expected)
    {
        Restrict("region = 'EU' AND email LIKE '%@x'", ("email", "'***'"));
        Assert.Equal(expected, (await _engine.RowsAsync(sql)).Single());
    }

    [Fact]
    public async Task A_condition_on_a_masked_column_never_reaches_the_planner()
    {
        Restrict(null, ("email", "md5(email)"));
        await _engine.RowsAsync("SELECT id FROM refined.people WHERE email = 'ann@x'");
        Assert.Null(_people.Planned[^1]);
        await _engine.RowsAsync("SELECT id FROM refined.people WHERE region = 'EU'");
        Assert.NotNull(_people.Planned[^1]);
    }

    [Fact]
    public async Task An_error_does_not_speak_of_rows_that_are_filtered_out()
    {
        Restrict("region = 'EU'");
        foreach (var sql in (string[])
        [
            "SELECT id FROM refined.people WHERE CAST(CASE WHEN region = 'US' THEN email ELSE '1' END AS INTEGER) = 1",
            "SELECT CAST(CASE WHEN region = 'US' THEN email ELSE '1' END AS INTEGER) FROM refined.people",
            "SELECT id FROM refined.people WHERE CASE WHEN region = 'US' THEN CAST(email AS INTEGER) = 1 ELSE true END AND id > 0",
        ])
        {
            Assert.Equal(2, (await _engine.RowsAsync(sql)).Count);
        }

        Assert.DoesNotContain("ann", (await _engine.RefusedAsync<QueryDataException>("SELECT CAST(email AS INTEGER) FROM refined.people")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_authorizer_is_asked_for_exactly_the_columns_read()
    {
        await _engine.RowsAsync("SELECT p.id FROM refined.people p WHERE region = 'EU'");
        Assert.Equal(["id", "region"], _engine.Authorizer.Asked[^1].Single().Columns);
        await _engine.RowsAsync("SELECT count(*) FROM refined.people");
        Assert.Empty(_engine.Authorizer.Asked[^1].Single().Columns);
        await _engine.RowsAsync("SELECT x.email FROM (SELECT * FROM refined.people) x");
        Assert.Equal(3, _engine.Authorizer.Asked[^1].Single().Columns.Count);
    }

    [Theory]
    [InlineData("SELECT email FROM refined.people")]
    [InlineData("SELECT * FROM refined.people")]
    [InlineData("SELECT p FROM refined.people p")]
    [InlineData("SELECT id FROM refined.people ORDER BY email")]
    [InlineData("SELECT id FROM refined.people NATURAL JOIN refined.people q")]
    [InlineData("SELECT COLUMNS('e.*') FROM refined.people")]
    [InlineData("SELECT (SELECT p.email) FROM refined.people p")]
    [InlineData("SUMMARIZE refined.people")]
    public async Task A_denied_column_denies_the_statement(string sql)
    {
        _engine.Authorizer.DeniedColumns.Add((People, "email"));
        await _engine.RefusedAsync<QueryDeniedException>(sql);
        Assert.Equal(3, (await _engine.RowsAsync("SELECT id FROM refined.people")).Count);
    }

    [Fact]
    public async Task Without_an_authorizer_nothing_can_be_read()
    {
        using var engine = new LakeEngine(new FileCatalog(_people), null, new EngineOptions(), TimeProvider.System, new());
        await Assert.ThrowsAsync<QueryDeniedException>(() => engine.StartAsync(new LakeQueryRequest("SELECT id FROM refined.people", Caller.System), CancellationToken.None));
    }

    [Theory]
    [InlineData("region = 'EU') OR (1 = 1")]
    [InlineData("id IN (SELECT 1)")]
    [InlineData("getenv('HOME') = 'x'")]
    [InlineData("region = ")]
    public async Task A_policy_that_is_not_one_safe_expression_closes_the_table(string filter)
    {
        Restrict(filter);
        await _engine.RefusedAsync<PolicyExpressionException>("SELECT id FROM refined.people");
    }

    [Fact]
    public async Task Explain_is_refused_where_it_would_show_a_policy()
    {
        Assert.NotEmpty(await _engine.RowsAsync("EXPLAIN SELECT id FROM refined.people WHERE id > 1"));
        Restrict("region = 'EU'");
        await _engine.RefusedAsync<StatementRefusedException>("EXPLAIN SELECT id FROM refined.people");
    }

    private void Restrict(string? filter, params (string Column, string Mask)[] masks) =>
        _engine.Authorizer.Restrictions[People] = new TableRestriction(filter, masks.ToDictionary(m => m.Column, m => m.Mask));
}
