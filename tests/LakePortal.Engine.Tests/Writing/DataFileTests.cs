using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Tests.Writing;

public sealed class DataFileTests : IDisposable
{
    private readonly TestLake _lake = new();

    public void Dispose() => _lake.Dispose();

    /// <summary>Column type, low value, high value (DuckDB literals); the low is first.</summary>
    public static TheoryData<string, string, string> Extremes() => new()
    {
        { "BOOLEAN", "false", "true" },
        { "TINYINT", "-128", "127" },
        { "USMALLINT", "0", "65535" },
        { "INTEGER", "-2147483648", "2147483647" },
        { "UINTEGER", "0", "4294967295" },
        { "BIGINT", "-9223372036854775808", "9223372036854775807" },
        { "UBIGINT", "0", "18446744073709551615" },
        { "HUGEINT", "-99999999999999999999999999999999999999", "99999999999999999999999999999999999999" },
        { "FLOAT", "'-3.4028235e38'::FLOAT", "'3.4028235e38'::FLOAT" },
        { "DOUBLE", "'-1.7976931348623157e308'::DOUBLE", "'5e-324'::DOUBLE" },
        { "DOUBLE", "'-inf'::DOUBLE", "'inf'::DOUBLE" },
        { "DECIMAL(4,2)", "-99.99", "99.99" },
        { "DECIMAL(9,0)", "-999999999", "999999999" },
        { "DECIMAL(18,18)", "-0.999999999999999999", "0.000000000000000001" },
        { "DECIMAL(38,10)", "-9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999" },
        { "DATE", "DATE '0001-01-01'", "DATE '9999-12-31'" },
        { "DATE", "DATE '0044-03-15 (BC)'", "DATE '12345-06-07'" },
        { "TIME", "TIME '00:00:00'", "TIME '23:59:59.999999'" },
        { "TIMESTAMP", "TIMESTAMP '0001-01-01 00:00:00.000001'", "TIMESTAMP '9999-12-31 23:59:59.999999'" },
        { "TIMESTAMP", "TIMESTAMP '1969-12-31 23:59:59.999999'", "TIMESTAMP '1970-01-01 00:00:00.000001'" },
        { "TIMESTAMPTZ", "TIMESTAMPTZ '1901-01-01 00:00:00+05:30'", "TIMESTAMPTZ '2999-12-31 23:59:59.999999-08'" },
        { "UUID", "UUID '00000000-0000-0000-0000-000000000001'", "UUID 'ffffffff-ffff-ffff-ffff-ffffffffffff'" },
        { "VARCHAR", "''", "'zażółć gęślą jaźń 𝄞 and quite a bit more than sixteen'" },
        { "VARCHAR", "repeat(chr(1114111), 40)", "repeat(chr(1114111), 300)" },
        { "VARCHAR", "'a' || chr(55295) || repeat('b', 20)", "repeat('a', 15) || chr(55295) || 'tail'" },
        { "BLOB", "''::BLOB", "repeat('\\xFF', 20)::BLOB" },
        { "BLOB", "'\\x00'::BLOB", "'\\x00\\xFF\\xFF'::BLOB" },
    };

    [Theory]
    [MemberData(nameof(Extremes))]
    public async Task Extreme_values_survive_and_lie_within_the_bounds(string type, string low, string high)
    {
        var select = $"SELECT * FROM (VALUES (1, CAST({low} AS {type})), (2, CAST({high} AS {type})), (3, NULL)) AS v(id, v)";
        await _lake.WriteAsync("t", WriteMode.Append, select);

        var stored = DuckDbTypes.ToIceberg(type);
        Assert.Equal(
            ["1|true", "2|true", "3|true"],
            await _lake.RowsAsync("t", $"SELECT t.id, CAST(t.v IS NOT DISTINCT FROM CAST(x.v AS {DuckDbTypes.ToDuckDb(stored)}) AS VARCHAR) FROM t JOIN ({select}) AS x USING (id) ORDER BY 1"));

        var task = Assert.Single((await _lake.PlanAsync("t")).Tasks);
        Assert.Equal(3, task.File.RecordCount);
        Assert.Equal(1, task.File.NullValueCounts![2]);
        Assert.Equal(new FileInfo(Iceberg.IO.Locations.ToLocalPath(task.File.Path)).Length, task.File.FileSizeInBytes);
        BoundsJudge.AssertCovers(task.File, 2, (PrimitiveType)stored, $"SELECT CAST(v AS {DuckDbTypes.ToDuckDb(stored)}) AS v FROM ({select})");
    }

    [Fact]
    public async Task Nested_values_survive_and_every_field_carries_its_id()
    {
        const string select = """
            SELECT 7 AS id, {'a': 1::HUGEINT, 'b c': [1.5::DECIMAL(5,2), NULL], 'd': {'e"f': TIMESTAMPTZ '2020-01-01 00:00:00+00'}} AS s,
              MAP {'k': {'z': [1::UTINYINT]}} AS m, [['x'], [], NULL] AS l, 'happy'::ENUM('sad', 'happy') AS mood, INTERVAL 3 DAY AS i, '{"a": 1}'::JSON AS j,
              TIMESTAMP_NS '2020-01-01 00:00:00.000000001' AS ns, [1, 2]::INTEGER[2] AS arr
            """;
        await _lake.WriteAsync("nested", WriteMode.Append, select);

        Assert.Equal(
            ["7|{'a': 1, 'b c': [1.50, NULL], 'd': {'e\"f': '2020-01-01 00:00:00+00'}}|{k={'z': [1]}}|[[x], [], NULL]|happy|3 days|{\"a\": 1}|2020-01-01 00:00:00.000000001|[1, 2]"],
            await _lake.RowsAsync("nested", "SELECT id, s::VARCHAR, m::VARCHAR, l::VARCHAR, mood, i, j, ns, arr::VARCHAR FROM t"));
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("nested"), CancellationToken.None);
        var expected = SchemaFields.Walk(table.Schema.Fields).Select(f => f.Id).Order().ToList();
        var file = Assert.Single((await _lake.PlanAsync("nested")).Tasks).File;
        Assert.Equal(expected, await ParquetFooters.FieldIdsAsync(file));

        // Struct leaves have metrics; leaves of lists and maps do not.
        var leaf = table.Schema.Find("s")!.Type is StructType s ? s.Fields[0].Id : 0;
        Assert.True(file.LowerBounds!.ContainsKey(leaf));
        Assert.Equal(1, file.ValueCounts![leaf]);
    }

    [Fact]
    public async Task Nan_is_no_bound_and_zero_bounds_cover_both_zeros()
    {
        await _lake.WriteAsync("f", WriteMode.Append, "SELECT unnest(['nan'::DOUBLE, 0.0, '-0.0'::DOUBLE]) AS d, unnest([0::FLOAT, 0::FLOAT, '-0.0'::FLOAT]) AS f, 'nan'::DOUBLE AS n");
        var file = Assert.Single((await _lake.PlanAsync("f")).Tasks).File;
        Assert.Equal(SingleValue.Encode(PrimitiveType.Double, -0.0), file.LowerBounds![1]);
        Assert.Equal(SingleValue.Encode(PrimitiveType.Double, 0.0), file.UpperBounds![1]);
        Assert.Equal(SingleValue.Encode(PrimitiveType.Float, -0f), file.LowerBounds[2]);
        Assert.Equal(0, file.NanValueCounts![2]);
        Assert.False(file.NanValueCounts.ContainsKey(1));
        Assert.False(file.LowerBounds.ContainsKey(3));
        Assert.False(file.UpperBounds.ContainsKey(3));
    }

    [Fact]
    public async Task Infinite_dates_and_nulls_in_required_columns_are_refused_and_leave_nothing()
    {
        var infinite = await Assert.ThrowsAsync<ColumnValueException>(() => _lake.WriteAsync("inf", WriteMode.Append, "SELECT 'infinity'::TIMESTAMP AS at"));
        Assert.Equal("at", infinite.Column);
        await _lake.CreateAsync("req", [new NestedField(0, "id", PrimitiveType.Int, Required: true)]);
        await Assert.ThrowsAsync<ColumnValueException>(() => _lake.WriteAsync("req", WriteMode.Append, "SELECT unnest([1, NULL]) AS id"));
        Assert.Empty(_lake.DataFiles("inf"));
        Assert.Empty(_lake.DataFiles("req"));
        Assert.Null(await _lake.Catalog.FindAsync(TestLake.Id("inf"), CancellationToken.None));
    }

    [Fact]
    public async Task A_failing_value_leaves_no_files_and_no_table()
    {
        var error = await Assert.ThrowsAsync<WriteFailedException>(() => _lake.WriteAsync(
            "broken", WriteMode.Append, "SELECT CASE WHEN range = 999999 THEN 'x' ELSE '1' END::INTEGER AS v, repeat('y', 50) || range AS s FROM range(1000000)"));
        Assert.Equal(LakePortal.Kernel.Errors.ErrorKind.Invalid, error.Kind);
        Assert.Empty(_lake.DataFiles("broken"));
        Assert.Null(await _lake.Catalog.FindAsync(TestLake.Id("broken"), CancellationToken.None));
    }

    [Fact]
    public async Task A_cancelled_write_stops_soon_and_leaves_no_files()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(400));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _lake.Writer.WriteQueryAsync(
            new WriteQuery(TestLake.Request("SELECT range AS a, md5(range::VARCHAR) AS b FROM range(2000000000)"), TestLake.Id("cancelled"), WriteMode.Append), cancel.Token));
        Assert.Empty(_lake.DataFiles("cancelled"));
    }

    [Fact]
    public async Task Large_results_are_divided_at_the_target_size()
    {
        using var lake = new TestLake(new WriterOptions { TargetFileBytes = 1024 * 1024, RowGroupRows = 8192 });
        await lake.WriteAsync("big", WriteMode.Append, "SELECT range AS a, md5(range::VARCHAR) AS b FROM range(300000)");
        var files = (await lake.PlanAsync("big")).Tasks.Select(t => t.File).ToList();
        Assert.True(files.Count > 3);
        Assert.Equal(300_000, files.Sum(f => f.RecordCount));
        Assert.Equal(["300000|299999"], await lake.RowsAsync("big", "SELECT count(DISTINCT a), max(a) FROM t"));
    }

    [Fact]
    public async Task An_empty_result_adds_no_file()
    {
        var outcome = await _lake.WriteAsync("none", WriteMode.Append, "SELECT 1 AS a WHERE false");
        Assert.Equal(0, outcome.Files);
        Assert.Empty(_lake.DataFiles("none"));
        Assert.NotNull(await _lake.Catalog.FindAsync(TestLake.Id("none"), CancellationToken.None));
    }
}
