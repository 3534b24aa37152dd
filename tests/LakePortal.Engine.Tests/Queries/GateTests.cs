using DuckDB.NET.Data;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Tests.Queries;

public sealed class GateTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly EngineHarness _engine;

    public GateTests()
    {
        var orders = new FileTable(new TableIdentifier("refined", "orders"), [new Schema(0, [new NestedField(1, "id", PrimitiveType.Long)], [])]);
        orders.Add(_folder.Write("orders.parquet", "SELECT 1::BIGINT AS id", "id: 1"));
        var hidden = new FileTable(new TableIdentifier("refined", "salaries"), [new Schema(0, [new NestedField(1, "id", PrimitiveType.Long)], [])]);
        hidden.Add(_folder.Write("salaries.parquet", "SELECT 1::BIGINT AS id", "id: 1"));
        _engine = new EngineHarness(new FileCatalog(orders, hidden));
        _engine.Authorizer.Hidden.Add(new TableIdentifier("refined", "salaries"));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("SELECT * FROM '{file}'")]
    [InlineData("FROM '{file}'")]
    [InlineData("SELECT * FROM \"{file}\"")]
    [InlineData("SELECT * FROM read_parquet('{file}')")]
    [InlineData("SELECT * FROM READ_PARQUET('{file}')")]
    [InlineData("SELECT * FROM \"read_parquet\"('{file}')")]
    [InlineData("SELECT * FROM main.read_parquet('{file}')")]
    [InlineData("SELECT * FROM system.main.read_parquet('{file}')")]
    [InlineData("SELECT * FROM parquet_scan('{file}')")]
    [InlineData("SELECT * FROM parquet_metadata('{file}')")]
    [InlineData("SELECT * FROM parquet_schema('{file}')")]
    [InlineData("SELECT * FROM parquet_full_metadata('{file}')")]
    [InlineData("SELECT * FROM read_csv('/etc/passwd')")]
    [InlineData("SELECT * FROM read_csv_auto('/etc/passwd')")]
    [InlineData("SELECT * FROM sniff_csv('/etc/passwd')")]
    [InlineData("SELECT * FROM read_text('/etc/passwd')")]
    [InlineData("SELECT * FROM read_blob('/etc/passwd')")]
    [InlineData("SELECT * FROM read_json('/etc/passwd')")]
    [InlineData("SELECT * FROM read_duckdb('/etc/passwd')")]
    [InlineData("SELECT * FROM glob('/etc/*')")]
    [InlineData("SELECT * FROM glob('**')")]
    [InlineData("SELECT (SELECT content FROM read_text('/etc/passwd'))")]
    [InlineData("WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x")]
    [InlineData("WITH x AS (SELECT 1) SELECT * FROM x, (SELECT * FROM '{file}') y")]
    [InlineData("SELECT * FROM (WITH \"{file}\" AS (SELECT 1) SELECT 1) x, \"{file}\"")]
    [InlineData("WITH \"{file}\" AS (SELECT * FROM \"{file}\") SELECT * FROM \"{file}\"")]
    [InlineData("SELECT * FROM refined.orders JOIN '{file}' USING (id)")]
    [InlineData("SELECT * FROM refined.orders WHERE id IN (FROM '{file}')")]
    [InlineData("DESCRIBE '{file}'")]
    [InlineData("SUMMARIZE '{file}'")]
    [InlineData("SUMMARIZE FROM read_parquet('{file}')")]
    [InlineData("EXPLAIN SELECT * FROM '{file}'")]
    [InlineData("EXPLAIN ANALYZE SELECT * FROM read_text('/etc/passwd')")]
    [InlineData("EXPLAIN DELETE FROM refined.orders")]
    [InlineData("/* */ EXPLAIN -- x\n ANALYZE COPY (SELECT 1) TO '/tmp/x'")]
    [InlineData("PIVOT '{file}' ON id IN (1) USING count(*)")]
    [InlineData("SELECT * FROM query('SELECT 1')")]
    [InlineData("SELECT * FROM query_table('refined.orders')")]
    [InlineData("FROM query_table(['x'])")]
    [InlineData("SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))")]
    [InlineData("SELECT json_serialize_sql('SELECT 1')")]
    [InlineData("SELECT json_serialize_plan('SELECT 1')")]
    [InlineData("SELECT json_deserialize_sql('{{}}')")]
    [InlineData("SELECT getenv('HOME')")]
    [InlineData("SELECT \"getenv\"('HOME')")]
    [InlineData("SELECT current_setting('temp_directory')")]
    [InlineData("SELECT getvariable('x')")]
    [InlineData("SELECT current_query()")]
    [InlineData("SELECT error('x')")]
    [InlineData("SELECT stats(id) FROM refined.orders")]
    [InlineData("SELECT nextval('s')")]
    [InlineData("SELECT write_log('x')")]
    [InlineData("SELECT sleep_ms(1)")]
    [InlineData("SELECT setseed(0.5)")]
    [InlineData("SELECT sum(id) OVER (ORDER BY getenv('HOME')) FROM refined.orders")]
    [InlineData("SELECT id FROM refined.orders ORDER BY getenv('HOME')")]
    [InlineData("SELECT id FROM refined.orders LIMIT (SELECT count(*) FROM glob('*'))")]
    [InlineData("SELECT list_transform([1], lambda x: getenv('HOME'))")]
    [InlineData("SELECT count(*) FILTER (WHERE getenv('a') = 'b') FROM refined.orders")]
    [InlineData("SELECT CASE WHEN getenv('a') = 'b' THEN 1 END")]
    [InlineData("SELECT * FROM duckdb_settings()")]
    [InlineData("SELECT * FROM duckdb_secrets()")]
    [InlineData("SELECT * FROM duckdb_tables()")]
    [InlineData("SELECT * FROM duckdb_tables")]
    [InlineData("SELECT * FROM sqlite_master")]
    [InlineData("SELECT * FROM information_schema.tables")]
    [InlineData("SELECT * FROM pg_catalog.pg_settings")]
    [InlineData("SELECT * FROM pragma_table_info('x')")]
    [InlineData("SELECT * FROM which_secret('s3://x', 's3')")]
    [InlineData("SELECT * FROM enable_profiling()")]
    [InlineData("SELECT * FROM checkpoint()")]
    [InlineData("SELECT * FROM test_all_types()")]
    [InlineData("SELECT * FROM memory.main.x")]
    [InlineData("SELECT * FROM a.b.c.d")]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1; DROP TABLE x")]
    [InlineData("/* a */ -- b\n SELECT 1; -- c\n ATTACH 'x'")]
    [InlineData("ATTACH '/tmp/x.db'")]
    [InlineData("DETACH memory")]
    [InlineData("USE memory")]
    [InlineData("COPY refined.orders TO '/tmp/x.csv'")]
    [InlineData("COPY (SELECT 1) TO '{file}'")]
    [InlineData("EXPORT DATABASE '/tmp/x'")]
    [InlineData("INSTALL httpfs")]
    [InlineData("LOAD '/tmp/x.so'")]
    [InlineData("SET memory_limit = '100GB'")]
    [InlineData("RESET ALL")]
    [InlineData("PRAGMA database_list")]
    [InlineData("PRAGMA enable_profiling")]
    [InlineData("CALL pragma_version()")]
    [InlineData("CREATE TABLE x AS SELECT 1")]
    [InlineData("CREATE TEMP MACRO m() AS 1")]
    [InlineData("CREATE SECRET s (TYPE s3)")]
    [InlineData("INSERT INTO refined.orders VALUES (1)")]
    [InlineData("UPDATE refined.orders SET id = 1")]
    [InlineData("DELETE FROM refined.orders")]
    [InlineData("DROP VIEW x")]
    [InlineData("PREPARE p AS SELECT 1")]
    [InlineData("EXECUTE p")]
    [InlineData("BEGIN")]
    [InlineData("CHECKPOINT")]
    [InlineData("VACUUM")]
    [InlineData("SHOW DATABASES")]
    [InlineData("SHOW refined.salaries")]
    [InlineData("SELECT * FROM refined.salaries")]
    [InlineData("SELECT * FROM refined.orders AT (VERSION => (SELECT count(*) FROM glob('*')))")]
    [InlineData("SELECT * FROM refined.orders AT (VERSION => 99)")]
    [InlineData("SELECT * FROM refined.orders AT (TIMESTAMP => 'not a time')")]
    [InlineData("SELECT $missing")]
    [InlineData("SELECT 1e400")]
    [InlineData("SELECT a.upper() FROM (SELECT 'x' AS a)")]
    [InlineData("")]
    [InlineData("-- nothing")]
    [InlineData("SELECT \0")]
    public async Task A_statement_that_is_not_a_read_of_governed_tables_is_refused_with_a_hint(string sql)
    {
        var error = await Assert.ThrowsAnyAsync<EngineException>(() => _engine.RowsAsync(
            sql.Replace("{file}", _folder.Path + "/orders.parquet", StringComparison.Ordinal).Replace("{{}}", "{}", StringComparison.Ordinal)));
        Assert.False(string.IsNullOrWhiteSpace(error.Hint));
        Assert.NotEqual("engine.failure", error.Code);
        Assert.DoesNotContain("lp_", error.Message, StringComparison.Ordinal);
        Assert.Empty(_engine.Running.List());
    }

    [Theory]
    [InlineData("SELECT id FRM refined.orders\nWHERE", 1, 15)]
    [InlineData("SELECT 1,\n  é é é FROM", 2, 7)]
    [InlineData("EXPLAIN\nSELEC 1", 2, 1)]
    public async Task A_syntax_error_carries_line_and_column(string sql, int line, int column)
    {
        var error = await _engine.RefusedAsync<SqlSyntaxException>(sql);
        Assert.Equal((line, column), (error.Line, error.Column));
    }

    [Theory]
    [InlineData("SELECT * FROM refined.ordrs", "refined.orders")]
    [InlineData("SELECT * FROM orders", "refined.orders")]
    public async Task An_unknown_table_is_answered_with_the_nearest_visible_one(string sql, string near) =>
        Assert.Contains(near, (await _engine.RefusedAsync<UnknownTableException>(sql)).Hint, StringComparison.Ordinal);

    [Fact]
    public async Task A_hidden_table_looks_absent_and_is_not_suggested() =>
        Assert.DoesNotContain("salaries'?", (await _engine.RefusedAsync<UnknownTableException>("SELECT * FROM refined.salarie")).Hint, StringComparison.Ordinal);

    [Fact]
    public async Task An_unknown_column_is_answered_with_the_columns_there_are()
    {
        var error = await _engine.RefusedAsync<QueryBindingException>("SELECT idd FROM refined.orders");
        Assert.Contains("id", error.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("parquet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_function_of_this_DuckDB_has_been_reviewed()
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')";
        using var reader = command.ExecuteReader();
        var known = new SortedSet<string>(StringComparer.Ordinal);
        while (reader.Read())
        {
            known.Add(reader.GetString(0));
        }

        var reviewed = AllowedFunctions.Scalars.Concat(RefusedFunctions.Names).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Equal([], known.Where(f => !f.StartsWith(RefusedFunctions.InternalPrefix, StringComparison.Ordinal) && !reviewed.Contains(f)));
        Assert.Equal([], AllowedFunctions.Scalars.Intersect(RefusedFunctions.Names, StringComparer.OrdinalIgnoreCase));
        Assert.Equal([], AllowedFunctions.Scalars.Where(f => f != "unnest" && !known.Contains(f)));
    }
}
