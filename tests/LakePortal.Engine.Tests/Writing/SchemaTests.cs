using LakePortal.Engine.Writing;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Tests.Writing;

public sealed class SchemaTests : IDisposable
{
    private readonly TestLake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Theory]
    [InlineData("TINYINT", "int")]
    [InlineData("UINTEGER", "long")]
    [InlineData("UBIGINT", "decimal(20,0)")]
    [InlineData("HUGEINT", "decimal(38,0)")]
    [InlineData("TIMESTAMP WITH TIME ZONE", "timestamptz")]
    [InlineData("TIME WITH TIME ZONE", "string")]
    [InlineData("TIMESTAMP_MS", "timestamp")]
    [InlineData("TIMESTAMP_NS", "string")]
    [InlineData("ENUM('a''b', 'x)')", "string")]
    [InlineData("\"NULL\"", "string")]
    [InlineData("DECIMAL(12, 2)", "decimal(12,2)")]
    public void Types_of_DuckDB_have_their_counterpart(string duckDb, string iceberg)
    {
        Assert.True(TypeNames.TryParse(iceberg, out var expected));
        Assert.Equal(expected, DuckDbTypes.ToIceberg(duckDb));
    }

    [Fact]
    public void Nested_types_are_read_with_their_quoted_names()
    {
        var type = Assert.IsType<StructType>(DuckDbTypes.ToIceberg("STRUCT(\"a b\" INTEGER, \"c\"\"d\" MAP(VARCHAR, STRUCT(z BIGINT[3])[]), e ENUM('x', 'y'))"));
        Assert.Equal(["a b", "c\"d", "e"], type.Fields.Select(f => f.Name));
        var value = Assert.IsType<StructType>(Assert.IsType<ListType>(Assert.IsType<MapType>(type.Fields[1].Type).Value).Element);
        Assert.Equal(PrimitiveType.Long, Assert.IsType<ListType>(value.Fields[0].Type).Element);
        Assert.Equal("STRUCT(\"a b\" INTEGER, \"c\"\"d\" MAP(VARCHAR, STRUCT(\"z\" BIGINT[])[]), \"e\" VARCHAR)", DuckDbTypes.ToDuckDb(type));
    }

    [Theory]
    [InlineData("UNION(num INTEGER)")]
    [InlineData("GEOMETRY")]
    [InlineData("STRUCT(a INTEGER")]
    [InlineData("DECIMAL(x)")]
    [InlineData("INTEGER garbage")]
    public void Types_without_a_counterpart_are_refused(string duckDb) => Assert.Throws<TypeNotStorableException>(() => DuckDbTypes.ToIceberg(duckDb));

    [Fact]
    public async Task New_columns_are_added_and_narrow_ones_promoted()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1::INTEGER AS i, 1.5::FLOAT AS f, 1.25::DECIMAL(5,2) AS d, {'a': 1} AS s");
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 5000000000 AS I, 1e300::DOUBLE AS f, 123456789.5::DECIMAL(10,1) AS d, {'A': 2, 'b': 'new'} AS s, 'x' AS added");
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        Assert.Equal(
            ["i long", "f double", "d decimal(11, 2)", "s struct", "added string"],
            table.Schema.Fields.Select(f => $"{f.Name} {(f.Type is PrimitiveType p ? TypeNames.Format(p) : "struct")}"));
        Assert.Equal(["a", "b"], Assert.IsType<StructType>(table.Schema.Find("s")!.Type).Fields.Select(f => f.Name));
        Assert.Equal(["1|null", "5000000000|x"], await _lake.RowsAsync("t", "SELECT i, added FROM t ORDER BY i"));
    }

    [Theory]
    [InlineData("SELECT 'x' AS i", "i")]
    [InlineData("SELECT 1.5::DOUBLE AS i", "i")]
    [InlineData("SELECT 1 AS j", "i")]
    [InlineData("SELECT [1] AS i", "i")]
    public async Task What_does_not_fit_names_the_column(string select, string column)
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1::INTEGER AS i");
        var error = await Assert.ThrowsAsync<ColumnMismatchException>(() => _lake.WriteAsync("t", WriteMode.Append, select));
        Assert.Equal(column, error.Column);
        Assert.NotNull(error.Hint);
        Assert.Equal(["1"], await _lake.RowsAsync("t", "SELECT * FROM t"));
    }

    [Fact]
    public async Task Columns_that_differ_in_case_only_are_refused()
    {
        await Assert.ThrowsAsync<DuplicateColumnException>(() => _lake.WriteAsync("t", WriteMode.Append, "SELECT 1 AS a, 2 AS A"));
        Assert.Null(await _lake.Catalog.FindAsync(TestLake.Id("t"), CancellationToken.None));
    }

    [Fact]
    public async Task Staged_files_do_not_change_the_table()
    {
        await _lake.CreateAsync("t", [new NestedField(0, "i", PrimitiveType.Int)]);
        await Assert.ThrowsAsync<ColumnMismatchException>(() => _lake.AppendAsync("t", "SELECT 1 AS i, 2 AS more"));
        await Assert.ThrowsAsync<ColumnMismatchException>(() => _lake.AppendAsync("t", "SELECT 5000000000 AS i"));
    }

    [Fact]
    public void Every_value_that_fits_a_type_is_kept_by_the_cast() =>
        Assert.All(
            new[] { (PrimitiveType.Int, PrimitiveType.Decimal(10, 0), true), (PrimitiveType.Int, PrimitiveType.Decimal(10, 1), false), (PrimitiveType.Long, PrimitiveType.Double, false), (PrimitiveType.Long, PrimitiveType.Decimal(19, 0), true) },
            c => Assert.Equal(c.Item3, Widening.Fits(c.Item1, c.Item2)));
}
