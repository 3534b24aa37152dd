using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Serving.Contracts.Queries;

namespace LakePortal.Serving.Tests.Queries;

/// <summary>Values on the way out of the SQL API. What is expected is written by hand, or by the engine's own cast to text.</summary>
public sealed class ExactValueTests(ServingLake serving) : IClassFixture<ServingLake>
{
    [Theory]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("(-9223372036854775807 - 1)", "-9223372036854775808")]
    [InlineData("18446744073709551615::UBIGINT", "18446744073709551615")]
    [InlineData("170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727")]
    [InlineData("'-170141183460469231731687303715884105728'::HUGEINT", "-170141183460469231731687303715884105728")]
    [InlineData("'340282366920938463463374607431768211455'::UHUGEINT", "340282366920938463463374607431768211455")]
    [InlineData("'1234567890123456789012345678.0123456789'::DECIMAL(38,10)", "1234567890123456789012345678.0123456789")]
    [InlineData("'-0.0000000001'::DECIMAL(38,10)", "-0.0000000001")]
    [InlineData("'12.30'::DECIMAL(9,2)", "12.30")]
    [InlineData("'99999999999999999999999999999999999999'::DECIMAL(38,0)", "99999999999999999999999999999999999999")]
    [InlineData("'0.99999999999999999999999999999999999999'::DECIMAL(38,38)", "0.99999999999999999999999999999999999999")]
    [InlineData("0.1::DOUBLE", "0.1")]
    [InlineData("0.1::FLOAT", "0.1")]
    [InlineData("1e300::DOUBLE", "1E+300")]
    [InlineData("'NaN'::DOUBLE", "\"NaN\"")]
    [InlineData("'-inf'::FLOAT", "\"-Infinity\"")]
    [InlineData("'inf'::DOUBLE", "\"Infinity\"")]
    [InlineData("true", "true")]
    [InlineData("NULL", "null")]
    [InlineData("''", "\"\"")]
    [InlineData("[1, NULL, 3]", "[1,null,3]")]
    [InlineData("{'a': 9007199254740993, 'b': {'c': [DATE '2026-01-31']}}", """{"a":9007199254740993,"b":{"c":["2026-01-31"]}}""")]
    [InlineData("MAP {'x': 1, 'y': 2}", """{"x":1,"y":2}""")]
    [InlineData("MAP {1: 'x'}", """[{"key":1,"value":"x"}]""")]
    [InlineData("'b'::ENUM ('a', 'b')", "\"b\"")]
    public async Task A_value_keeps_all_it_is(string sql, string json)
    {
        Assert.Equal(json, Text(await OneAsync(sql)));
    }

    [Theory]
    [InlineData("DATE '2026-01-31'")]
    [InlineData("DATE '0044-03-15 (BC)'")]
    [InlineData("DATE '12026-12-31'")]
    [InlineData("'infinity'::DATE")]
    [InlineData("'-infinity'::DATE")]
    [InlineData("TIMESTAMP '2026-01-31 23:59:59.999999'")]
    [InlineData("TIMESTAMP '1969-12-31 23:59:59.5'")]
    [InlineData("TIMESTAMP '0001-01-01 00:00:00'")]
    [InlineData("TIMESTAMP '0044-03-15 (BC) 12:00:00'")]
    [InlineData("'infinity'::TIMESTAMP")]
    [InlineData("TIMESTAMPTZ '2026-01-31 23:59:59.12+02'")]
    [InlineData("TIMESTAMP_NS '2026-01-31 23:59:59.123456789'")]
    [InlineData("TIMESTAMP_S '2026-01-31 23:59:59'")]
    [InlineData("TIMESTAMP_MS '2026-01-31 23:59:59.123'")]
    [InlineData("TIME '23:59:59.999999'")]
    [InlineData("TIME '00:00:00'")]
    [InlineData("TIMETZ '12:30:00+02'")]
    [InlineData("TIMETZ '23:59:59.999999-15:59:59'")]
    [InlineData("INTERVAL '1 year 2 months 3 days 04:05:06.7'")]
    [InlineData("INTERVAL '-90 minutes'")]
    [InlineData("INTERVAL '0 days'")]
    [InlineData("'\\x00\\xFFab\\x5C'::BLOB")]
    [InlineData("'f79c3e09-677c-4bbd-a479-3f349cb785e7'::UUID")]
    [InlineData("'100101'::BIT")]
    public async Task What_JSON_lacks_is_text_as_the_engine_itself_writes_it(string sql)
    {
        var answer = await serving.Lake.SendAsync(new ExecuteQuery($"SELECT {sql} AS v, ({sql})::VARCHAR AS t"));
        Assert.Equal((string?)answer.Rows[0][1], (string?)answer.Rows[0][0]);
    }

    [Fact]
    public async Task A_time_of_day_keeps_its_offset_inside_of_other_values_and_its_columns_their_names()
    {
        var answer = await serving.Lake.SendAsync(new ExecuteQuery(
            "SELECT n AS \"a b\", TIMETZ '12:30:00+02' AS \"a b\", [{'t': TIMETZ '01:00:00-05:30'}] AS l FROM (VALUES (3), (1), (2)) v(n) ORDER BY n DESC"));
        Assert.Equal(
            ["""[3,"12:30:00+02",[{"t":"01:00:00-05:30"}]]""", """[2,"12:30:00+02",[{"t":"01:00:00-05:30"}]]""", """[1,"12:30:00+02",[{"t":"01:00:00-05:30"}]]"""],
            answer.Rows.Select(Readable));
        Assert.Equal(
            [new QueryColumn("a b", "INTEGER"), new QueryColumn("a b", "TIME WITH TIME ZONE"), new QueryColumn("l", "STRUCT(\"t\" TIME WITH TIME ZONE)[]")],
            answer.Columns);
    }

    [Fact]
    public async Task Columns_have_the_engines_names_and_types()
    {
        var answer = await serving.Lake.SendAsync(new ExecuteQuery("SELECT 1::BIGINT AS a, 'x' AS \"B c\", 1.5::DECIMAL(38,10) AS d"));
        Assert.Equal(
            [new QueryColumn("a", "BIGINT"), new QueryColumn("B c", "VARCHAR"), new QueryColumn("d", "DECIMAL(38,10)")], answer.Columns);
    }

    private async Task<JsonNode?> OneAsync(string sql) => (await serving.Lake.SendAsync(new ExecuteQuery($"SELECT {sql} AS v"))).Rows[0][0];

    private static string Readable(JsonArray row) => row.ToJsonString(Plain);

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Text(JsonNode? value) => value?.ToJsonString() ?? "null";
}
