using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Tests.Queries;

public sealed class ThinPathTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly EngineHarness _engine;

    public ThinPathTests()
    {
        var orders = new FileTable(
            new TableIdentifier("refined", "orders"),
            [new Schema(0, [new NestedField(1, "id", PrimitiveType.Long), new NestedField(2, "status", PrimitiveType.String)], [])]);
        orders.Add(_folder.Write("a.parquet", "SELECT range::BIGINT AS id, CASE WHEN range % 2 = 0 THEN 'NEW' ELSE 'PAID' END AS status FROM range(10)", "id: 1, status: 2"));
        _engine = new EngineHarness(new FileCatalog(orders));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_select_streams_the_rows_of_a_table() =>
        Assert.Equal(["0|NEW", "1|PAID", "2|NEW"], await _engine.RowsAsync("SELECT id, status FROM refined.orders ORDER BY id LIMIT 3"));

    [Theory]
    [InlineData("SELECT count(*) FROM refined.orders", "10")]
    [InlineData("SELECT count(*) FROM REFINED.Orders", "10")]
    [InlineData("SELECT sum(refined.orders.id) FROM refined.orders", "45")]
    [InlineData("WITH x AS (SELECT * FROM refined.orders WHERE id < 4) SELECT count(*) FROM x AS y JOIN x USING (id)", "4")]
    [InlineData("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t", "15")]
    [InlineData("SELECT count(*) FROM refined.orders o WHERE EXISTS (SELECT 1 FROM refined.orders p WHERE p.id = o.id + 1)", "9")]
    [InlineData("SELECT name FROM (SHOW TABLES)", "orders")]
    [InlineData("SELECT column_type FROM (DESCRIBE refined.orders) WHERE column_name = 'id'", "BIGINT")]
    [InlineData("VALUES (1)", "1")]
    public async Task Queries_give_what_the_same_sql_gives_on_plain_tables(string sql, string expected) =>
        Assert.Equal(expected, (await _engine.RowsAsync(sql)).Single());
}
