using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Every type with its extreme values: what PostgreSQL prints is what the lake holds.</summary>
[Collection(PostgresTests.Name)]
public sealed class TypeTests(PostgresServer server)
{
    /// <summary>SQL type, literals, the lake's type, and how DuckDB is to show the value as PostgreSQL prints it.</summary>
    public static TheoryData<string, string[], string> Types => new()
    {
        { "boolean", ["true", "false"], "boolean" },
        { "smallint", ["-32768", "32767", "0"], "int" },
        { "integer", ["-2147483648", "2147483647"], "int" },
        { "bigint", ["-9223372036854775808", "9223372036854775807"], "long" },
        { "oid", ["4294967295", "0"], "long" },
        { "real", ["'NaN'", "'Infinity'", "'-Infinity'", "1.17549435e-38", "3.4028235e38", "0.1"], "float" },
        { "double precision", ["'NaN'", "'Infinity'", "'-Infinity'", "5e-324", "1.7976931348623157e308", "0.1"], "double" },
        { "numeric(1,0)", ["9", "-9", "0"], "decimal(1,0)" },
        { "numeric(4,4)", ["0.9999", "-0.0001"], "decimal(4,4)" },
        { "numeric(9,2)", ["1234567.89", "-9999999.99", "0.01"], "decimal(9,2)" },
        { "numeric(18,6)", ["999999999999.999999", "-0.000001", "10000", "100000000.0001"], "decimal(18,6)" },
        { "numeric(38,10)", ["9999999999999999999999999999.9999999999", "-0.0000000001", "-9999999999999999999999999999.9999999999"], "decimal(38,10)" },
        { "numeric(38,0)", ["99999999999999999999999999999999999999", "-1"], "decimal(38,0)" },
        { "numeric(3,-2)", ["99900", "-100"], "decimal(5,0)" },
        { "numeric(2,5)", ["0.00099", "-0.00001"], "decimal(5,5)" },
        { "numeric(9,2)", ["'NaN'", "1.50"], "string" },
        { "numeric(40,2)", ["12345678901234567890123456789012345678.90"], "string" },
        { "numeric", ["'NaN'", "'Infinity'", "'-Infinity'", "1.000", "1e-20", "123456789012345678901234567890.123456789"], "string" },
        { "text", ["''", "'ünïcödé 😀'", "E'tab\\there\\nline'", "repeat('x', 100000)"], "string" },
        { "varchar(5)", ["'abc'", "'  a  '"], "string" },
        { "char(5)", ["'abc'", "''"], "string" },
        { "name", ["'pg_name'"], "string" },
        { "\"char\"", ["'x'"], "string" },
        { "bytea", ["'\\x'", "'\\x00ff10'"], "binary" },
        { "uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'f79c3e09-677c-4bbd-a479-3f349cb785e7'"], "uuid" },
        { "date", ["'0001-01-01'", "'9999-12-31'", "'1970-01-01'", "'1969-12-31'"], "date" },
        { "date", ["'infinity'", "'2024-02-29'"], "string" },
        { "date", ["'0044-03-15 BC'", "'2024-02-29'"], "string" },
        { "date", ["'10000-01-01'"], "string" },
        { "time", ["'00:00:00'", "'23:59:59.999999'"], "time" },
        { "time", ["'24:00:00'", "'01:02:03'"], "string" },
        { "timetz", ["'23:59:59.999999+15:59'", "'00:00:00-15:59'"], "string" },
        { "timestamp", ["'0001-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"], "timestamp" },
        { "timestamp", ["'-infinity'", "'2024-01-01 00:00:00.5'"], "string" },
        { "timestamp", ["'4713-01-01 00:00:00 BC'"], "string" },
        { "timestamptz", ["'0001-01-02 00:00:00+00'", "'9999-12-31 23:59:59.999999+00'", "'2024-07-01 12:00:00+02'"], "timestamptz" },
        { "timestamptz", ["'infinity'", "'294276-12-31 23:59:59.999999+00'"], "string" },
        { "interval", ["'1 year 2 mons -3 days 04:05:06.789'", "'-178000000 years'"], "string" },
        { "json", ["'{\"b\" : 1,  \"a\":[1,2 ]}'", "'null'"], "string" },
        { "jsonb", ["'{\"b\" : 1,  \"a\":[1,2 ]}'", "'1.10'", "'null'"], "string" },
        { "xml", ["'<a>1</a>'"], "string" },
        { "inet", ["'192.168.0.1'", "'192.168.0.0/24'", "'::1'"], "string" },
        { "cidr", ["'10.0.0.0/8'"], "string" },
        { "macaddr", ["'08:00:2b:01:02:03'"], "string" },
        { "money", ["'-92233720368547758.08'", "'1.50'"], "string" },
        { "bit(3)", ["B'101'"], "string" },
        { "varbit", ["B''", "B'1011'"], "string" },
        { "point", ["'(1.5,-2)'"], "string" },
        { "polygon", ["'((0,0),(1,1),(1,0))'"], "string" },
        { "tsvector", ["'fat:2 cat:3'"], "string" },
        { "tsquery", ["'fat & !cat'"], "string" },
        { "pg_lsn", ["'16/B374D848'"], "string" },
        { "int4range", ["'[1,10)'", "'empty'", "'(,)'"], "string" },
        { "tstzrange", ["'[2024-01-01 00:00+00,infinity)'"], "string" },
        { "int4multirange", ["'{[1,3), [5,7)}'"], "string" },
        { "regclass", ["'pg_catalog.pg_class'"], "string" },
        { "mood", ["'sad'", "'very happy'"], "string" },
        { "email", ["'a@b.c'"], "string" },
        { "amount", ["1.25"], "decimal(7,2)" },
        { "pair", ["ROW(1,'x y')", "ROW(NULL,NULL)"], "string" },
        { "int[]", ["'{1,NULL,3}'", "'{}'"], "list<int>" },
        { "int[]", ["'{{1,2},{3,4}}'", "'{1}'"], "string" },
        { "int[]", ["'[0:1]={7,8}'"], "string" },
        { "text[]", ["'{\"a,b\",\"\",NULL,\"NULL\",\"q\\\"uote\"}'"], "list<string>" },
        { "numeric(9,2)[]", ["'{1.50,NULL,-2.25}'"], "list<decimal(9,2)>" },
        { "numeric[]", ["'{NaN,1.000}'"], "list<string>" },
        { "interval[]", ["'{1 day,02:00:00}'"], "list<string>" },
        { "mood[]", ["'{sad,\"very happy\"}'"], "list<string>" },
        { "inet[]", ["'{1.2.3.4}'"], "string" },
        { "uuid[]", ["'{f79c3e09-677c-4bbd-a479-3f349cb785e7}'"], "list<uuid>" },
        { "int2vector", ["'1 2 3'"], "string" },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Values_are_what_the_source_prints(string type, string[] literals, string lakeType)
    {
        ArgumentNullException.ThrowIfNull(literals);
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TYPE mood AS ENUM ('sad', 'very happy'); CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN amount AS numeric(7,2); CREATE TYPE pair AS (a int, b text)");
        await lake.ExecuteAsync($"CREATE TABLE t (id int PRIMARY KEY, v {type}); INSERT INTO t VALUES (0, NULL); "
            + string.Join(' ', literals.Select((l, i) => $"INSERT INTO t VALUES ({i + 1}, CAST({l} AS {type}));")));
        await lake.SyncAsync("public.t");

        await lake.SucceedAsync("src_t");

        Assert.Equal(lakeType, await Canonical.TypeAsync(lake, "refined.src_t", "v"));
        Assert.Equal(await Canonical.SourceAsync(lake, "public", "t"), await Canonical.LakeAsync(lake, "refined.src_t"));
        Assert.Equal(literals.Length + 1, (await Canonical.LakeAsync(lake, "refined.src_t")).Count);
    }

    [Fact]
    public async Task An_hstore_is_a_map()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE EXTENSION hstore; CREATE TABLE t (id int PRIMARY KEY, h hstore); INSERT INTO t VALUES (1, 'a=>1, b=>NULL'), (2, ''), (3, NULL)");
        await lake.SyncAsync("public.t");

        await lake.SucceedAsync("src_t");

        Assert.Equal(["1|1|true|2", "2|∅|false|0", "3|∅|∅|∅"],
            await lake.QueryAsync("SELECT id, h['a'], map_contains(h, 'b'), cardinality(h)::BIGINT FROM refined.src_t ORDER BY id"));
    }
}
