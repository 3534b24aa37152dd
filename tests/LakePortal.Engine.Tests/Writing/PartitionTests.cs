using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>The specification's vectors, and the table format's own transforms as the judge of those computed in SQL.</summary>
public sealed class PartitionTests : IDisposable
{
    private readonly TestLake _lake = new();

    public void Dispose() => _lake.Dispose();

    /// <summary>Appendix B of the specification: 32-bit hashes.</summary>
    [Theory]
    [InlineData("34::INTEGER", 2017239379)]
    [InlineData("34::BIGINT", 2017239379)]
    [InlineData("14.20::DECIMAL(9,2)", -500754589)]
    [InlineData("DATE '2017-11-16'", -653330422)]
    [InlineData("TIME '22:31:08'", -662762989)]
    [InlineData("TIMESTAMP '2017-11-16 22:31:08'", -2047944441)]
    [InlineData("TIMESTAMPTZ '2017-11-16 14:31:08-08'", -2047944441)]
    [InlineData("'iceberg'", 1210000089)]
    [InlineData("UUID 'f79c3e09-677c-4bbd-a479-3f349cb785e7'", 1488055340)]
    [InlineData("'\\x00\\x01\\x02\\x03'::BLOB", -188683207)]
    public async Task Buckets_are_those_of_the_specification(string value, int hash)
    {
        await _lake.Writer.WriteQueryAsync(
            new WriteQuery(TestLake.Request($"SELECT {value} AS v"), TestLake.Id("t"), WriteMode.Append) { PartitionBy = [new PartitionBy("v", new Transform("bucket", 1_000_003))] }, CancellationToken.None);
        Assert.Equal((hash & int.MaxValue) % 1_000_003, Assert.Single((await _lake.PlanAsync("t")).Tasks).File.Partition[0]);
    }

    public static TheoryData<string, string, int, string> Transformed()
    {
        const string dates = "unnest([NULL, DATE '0044-03-15 (BC)', DATE '1969-12-31', DATE '1970-01-01', DATE '1968-02-29', DATE '2024-12-31', DATE '12345-06-07'])";
        const string timestamps = "unnest([NULL, TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP '1970-01-01 00:00:00', TIMESTAMP '0001-01-01 00:00:00', TIMESTAMP '1969-12-31 22:30:00', TIMESTAMP '2024-02-29 13:59:59.5'])";
        const string texts = "unnest([NULL, '', 'a', 'iceberg', 'zażółć gęślą jaźń', '𝄞𝄞𝄞𝄞𝄞', 'a/b=c%20?*[x]', '__HIVE_DEFAULT_PARTITION__', repeat('long ', 100), repeat('long ', 100) || 'x', '..', 'h.' || repeat('0', 64)])";
        return new TheoryData<string, string, int, string>
        {
            { "identity", dates, 0, "date" }, { "year", dates, 0, "date" }, { "month", dates, 0, "date" }, { "day", dates, 0, "date" },
            { "identity", timestamps, 0, "timestamp" }, { "year", timestamps, 0, "timestamp" }, { "month", timestamps, 0, "timestamp" },
            { "day", timestamps, 0, "timestamp" }, { "hour", timestamps, 0, "timestamp" },
            { "hour", timestamps + "::TIMESTAMPTZ", 0, "timestamptz" }, { "day", timestamps + "::TIMESTAMPTZ", 0, "timestamptz" }, { "identity", timestamps + "::TIMESTAMPTZ", 0, "timestamptz" },
            { "identity", texts, 0, "string" }, { "truncate", texts, 3, "string" }, { "truncate", texts, 70, "string" }, { "bucket", texts, 4, "string" },
            { "identity", "unnest([NULL, 0, -1, 2147483647])", 0, "int" }, { "truncate", "unnest([NULL, 0, -1, 1, 9, 10, -10, -11, 2147483647])", 10, "int" },
            { "truncate", "unnest([NULL, 0, -1, 9223372036854775807])::BIGINT", 7, "long" }, { "bucket", "unnest([NULL, 0, -1, 9223372036854775807])::BIGINT", 5, "long" },
            { "truncate", "unnest([NULL, 0.01, -0.01, 10.65, -10.65, 99.99])::DECIMAL(9,2)", 50, "decimal(9,2)" },
            { "truncate", "unnest([NULL, 9999999999999999999999999999.9999999999, -1.5])::DECIMAL(38,10)", 1000, "decimal(38,10)" },
            { "identity", "unnest([NULL, 12.50, -0.01])::DECIMAL(20,2)", 0, "decimal(20,2)" }, { "bucket", "unnest([NULL, 12.50, -0.01])::DECIMAL(20,2)", 9, "decimal(20,2)" },
            { "identity", "unnest([NULL, true, false])", 0, "boolean" }, { "identity", "unnest([NULL, UUID 'f79c3e09-677c-4bbd-a479-3f349cb785e7'])", 0, "uuid" },
            { "identity", "unnest([NULL, ''::BLOB, '\\x00\\xFF'::BLOB, encode(repeat('b', 100))])", 0, "binary" }, { "truncate", "unnest([NULL, ''::BLOB, '\\x00\\xFF\\x01'::BLOB, encode(repeat('b', 100))])", 2, "binary" },
            { "identity", "unnest([NULL, TIME '23:59:59.999999', TIME '00:00:00'])", 0, "time" }, { "identity", "unnest([NULL, 1.5, 1e300, '-0.0', 'inf'])::DOUBLE", 0, "double" },
            { "void", "unnest([NULL, 1, 2])", 0, "int" },
        };
    }

    [Theory]
    [MemberData(nameof(Transformed))]
    public async Task Every_transform_gives_the_tuple_that_the_table_format_computes(string transform, string values, int parameter, string type)
    {
        Assert.True(TypeNames.TryParse(type, out var source));
        var by = new Transform(transform, parameter);
        await _lake.CreateAsync("t", [new NestedField(0, "id", PrimitiveType.Long), new NestedField(0, "v", source)], new PartitionBy("v", by));
        await _lake.AppendAsync("t", $"SELECT row_number() OVER () AS id, v FROM (SELECT {values} AS v)");

        var plan = await _lake.PlanAsync("t");
        Assert.Equal(plan.Tasks.Count, plan.Tasks.Select(t => t.File.Partition[0] is byte[] b ? Convert.ToHexString(b) : t.File.Partition[0]).Distinct().Count());
        foreach (var file in plan.Tasks.Select(t => t.File))
        {
            Assert.Equal(Path.GetDirectoryName(file.Path)!, Uri.UnescapeDataString(Path.GetDirectoryName(file.Path)!));
            var lower = file.LowerBounds!.GetValueOrDefault(2);
            if (file.NullValueCounts![2] == file.RecordCount)
            {
                Assert.Null(file.Partition[0]);
                continue;
            }

            // One value per partition where it is short: the bound is the value itself.
            var value = SingleValue.Decode(source, lower!);
            if (value is string { Length: >= 15 } or byte[] { Length: >= 16 })
            {
                continue;
            }

            Assert.Equal(Transforms.Apply(by, source, value is -0.0 ? file.Partition[0] : value), file.Partition[0]);
        }

        Assert.Equal(await CountAsync(values), plan.Tasks.Sum(t => t.File.RecordCount));
    }

    [Fact]
    public async Task Long_texts_keep_their_whole_value_in_the_tuple()
    {
        await _lake.CreateAsync("t", [new NestedField(0, "v", PrimitiveType.String)], new PartitionBy("v", new Transform("identity")));
        await _lake.AppendAsync("t", "SELECT unnest([repeat('long ', 100), repeat('long ', 100) || 'x', 'ö', NULL]) AS v");
        var tuples = (await _lake.PlanAsync("t")).Tasks.Select(t => (string?)t.File.Partition[0]).Order(StringComparer.Ordinal).ToList();
        var text = string.Concat(Enumerable.Repeat("long ", 100));
        Assert.Equal([null, text, text + "x", "ö"], tuples);
    }

    [Fact]
    public async Task Several_fields_nested_sources_and_many_partitions_work_together()
    {
        await _lake.CreateAsync(
            "t",
            [
                new NestedField(0, "id", PrimitiveType.Long),
                new NestedField(0, "day", PrimitiveType.Timestamp),
                new NestedField(0, "s", new StructType([new NestedField(0, "country", PrimitiveType.String)])),
            ],
            new PartitionBy("day", new Transform("day")), new PartitionBy("id", new Transform("bucket", 4)));
        await _lake.AppendAsync("t", "SELECT range AS id, TIMESTAMP '2024-01-01' + to_days((range % 60)::INTEGER) AS day, {'country': 'PL'} AS s FROM range(60000)");
        var plan = await _lake.PlanAsync("t");
        Assert.Equal(240, plan.Tasks.Select(t => (t.File.Partition[0], t.File.Partition[1])).Distinct().Count());
        Assert.Equal(60_000, plan.Tasks.Sum(t => t.File.RecordCount));
        Assert.Equal(["60000|PL"], await CountAllAsync(plan.Tasks.Select(t => t.File.Path)));
    }

    [Fact]
    public async Task Too_many_files_are_an_error_and_are_removed()
    {
        using var lake = new TestLake(new WriterOptions { MaxFilesPerWrite = 10 });
        await lake.CreateAsync("t", [new NestedField(0, "id", PrimitiveType.Long)], new PartitionBy("id", new Transform("identity")));
        var error = await Assert.ThrowsAsync<TooManyPartitionsException>(() => lake.AppendAsync("t", "SELECT range AS id FROM range(11)"));
        Assert.Equal(10, error.Limit);
        Assert.Empty(lake.DataFiles("t"));
    }

    private static async Task<long> CountAsync(string values)
    {
        await using var connection = new DuckDB.NET.Data.DuckDBConnection("Data Source=:memory:");
        connection.Open();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM (SELECT {values} AS v)";
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<IReadOnlyList<string>> CountAllAsync(IEnumerable<string> locations)
    {
        await using var connection = new DuckDB.NET.Data.DuckDBConnection("Data Source=:memory:");
        connection.Open();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(DISTINCT id) || '|' || any_value(s.country) FROM read_parquet([{string.Join(", ", locations.Select(l => $"'{Iceberg.IO.Locations.ToLocalPath(l)}'"))}], hive_partitioning = false)";
        return [(string)(await command.ExecuteScalarAsync())!];
    }
}
