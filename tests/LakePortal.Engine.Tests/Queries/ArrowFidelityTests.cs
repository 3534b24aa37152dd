using System.Globalization;
using System.Numerics;
using Apache.Arrow;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Queries;

public sealed class ArrowFidelityTests : IDisposable
{
    private readonly EngineHarness _engine = new(new FileCatalog());

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData("'170141183460469231731687303715884105727'::HUGEINT", "HUGEINT", "170141183460469231731687303715884105727")]
    [InlineData("'-170141183460469231731687303715884105728'::HUGEINT", "HUGEINT", "-170141183460469231731687303715884105728")]
    [InlineData("'340282366920938463463374607431768211455'::UHUGEINT", "UHUGEINT", "340282366920938463463374607431768211455")]
    [InlineData("'-12345678901234567890123456789012345.678'::DECIMAL(38,3)", "DECIMAL(38,3)", "-12345678901234567890123456789012345.678")]
    [InlineData("'-0.01'::DECIMAL(4,2)", "DECIMAL(4,2)", "-0.01")]
    [InlineData("18446744073709551615::UBIGINT", "UBIGINT", "18446744073709551615")]
    [InlineData("'f79c3e09-677c-4bbd-a479-3f349cb785e7'::UUID", "UUID", "f79c3e09-677c-4bbd-a479-3f349cb785e7")]
    [InlineData("'a' || chr(0) || 'é'", "VARCHAR", "a\0é")]
    [InlineData("'\\x00\\xFF'::BLOB", "BLOB", "00FF")]
    [InlineData("'x'::ENUM('w','x')", "ENUM", "x")]
    [InlineData("TIMESTAMPTZ '2026-01-31 12:00:00.000001+02'", "TIMESTAMP WITH TIME ZONE", "1769853600000001")]
    [InlineData("TIMESTAMP '1969-12-31 23:59:59.999999'", "TIMESTAMP", "-1")]
    [InlineData("DATE '0001-01-01'", "DATE", "-719162")]
    [InlineData("TIME '23:59:59.999999'", "TIME", "86399999999")]
    [InlineData("true", "BOOLEAN", "true")]
    public async Task A_value_of_every_type_arrives_exactly(string expression, string type, string expected)
    {
        await using var query = await _engine.Engine.StartAsync(new LakeQueryRequest($"SELECT {expression} AS v UNION ALL SELECT NULL", Caller.System), CancellationToken.None);
        var values = new List<string>();
        await foreach (var batch in query.ReadAsync(CancellationToken.None))
        {
            using (batch)
            {
                values.AddRange(Enumerable.Range(0, batch.Length).Select(i => Text(batch.Column(0), i, query.Columns[0].Type)));
            }
        }

        Assert.StartsWith(type, query.Columns[0].Type, StringComparison.Ordinal);
        Assert.Contains(expected, values);
        Assert.Contains("NULL", values);
    }

    [Fact]
    public async Task Nested_values_and_intervals_arrive_exactly()
    {
        await using var query = await _engine.Engine.StartAsync(
            new LakeQueryRequest("SELECT [1, NULL, 3] AS l, {'a': 1, 'b': ['x']} AS s, MAP {'k': 2} AS m, INTERVAL '1 month 2 days 3 microseconds' AS i", Caller.System), CancellationToken.None);
        await foreach (var batch in query.ReadAsync(CancellationToken.None))
        {
            using (batch)
            {
                var list = Assert.IsType<ListArray>(batch.Column(0));
                Assert.Equal([1, null, 3], (Int32Array)list.GetSlicedValues(0));
                var map = Assert.IsType<MapArray>(batch.Column(2));
                Assert.Equal("k", ((StringArray)map.Keys).GetString(0));
                var interval = Assert.IsType<MonthDayNanosecondIntervalArray>(batch.Column(3)).GetValue(0)!.Value;
                Assert.Equal((1, 2, 3000L), (interval.Months, interval.Days, interval.Nanoseconds));
            }
        }

        Assert.Equal(["INTEGER[]", "STRUCT(\"a\" INTEGER, \"b\" VARCHAR[])", "MAP(VARCHAR, INTEGER)", "INTERVAL"], query.Columns.Select(c => c.Type));
    }

    private static string Text(IArrowArray array, int row, string type = "") => array.IsNull(row) ? "NULL" : array switch
    {
        StringArray s => s.GetString(row),
        UInt64Array u => u.GetValue(row)!.Value.ToString(CultureInfo.InvariantCulture),
        Decimal128Array d when type == "UHUGEINT" => new BigInteger(d.GetBytes(row), isUnsigned: true).ToString(CultureInfo.InvariantCulture),
        Decimal128Array d => d.GetString(row),
        BinaryArray b => Convert.ToHexString(b.GetBytes(row)),
        DictionaryArray d => Text(d.Dictionary, ((UInt8Array)d.Indices).GetValue(row)!.Value),
        TimestampArray t => t.GetValue(row)!.Value.ToString(CultureInfo.InvariantCulture),
        Date32Array d => d.GetValue(row)!.Value.ToString(CultureInfo.InvariantCulture),
        Time64Array t => t.GetValue(row)!.Value.ToString(CultureInfo.InvariantCulture),
        BooleanArray b => b.GetValue(row)!.Value ? "true" : "false",
        DoubleArray d => "double " + d.GetValue(row)!.Value.ToString("R", CultureInfo.InvariantCulture),
        _ => array.Data.DataType.TypeId.ToString(),
    };
}
