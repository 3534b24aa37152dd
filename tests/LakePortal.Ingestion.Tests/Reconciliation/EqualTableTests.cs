using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Tests.Offload;
using LakePortal.TestSupport;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.Reconciliation;

/// <summary>No false difference: whatever was loaded is equal.</summary>
[Collection(PostgresTests.Name)]
public sealed class EqualTableTests(PostgresServer server, ITestOutputHelper output)
{
    [Fact]
    public async Task Every_type_is_equal_with_its_extreme_values_and_a_change_of_any_value_is_seen()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TYPE mood AS ENUM ('sad', 'very happy'); CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN amount AS numeric(7,2); CREATE TYPE pair AS (a int, b text)");
        var n = 0;
        var tables = new List<(string Table, string Type, int Rows)>();
        foreach (var row in TypeTests.Types)
        {
            var (type, literals) = ((string)row[0], (string[])row[1]);
            var table = $"t{++n}";
            await lake.ExecuteAsync($"CREATE TABLE {table} (id int PRIMARY KEY, v {type}); INSERT INTO {table} VALUES (0, NULL); "
                + string.Join(' ', literals.Select((l, i) => $"INSERT INTO {table} VALUES ({i + 1}, CAST({l} AS {type}));")));
            tables.Add((table, type, literals.Length + 1));
        }

        await lake.SyncAsync("\"public.*\"", "name: \"{table}\"");
        foreach (var (table, type, rows) in tables)
        {
            await lake.SucceedAsync(table);
            await lake.EqualAsync(table, rows);

            // The first row's null becomes a value and the second's value a null.
            await lake.ExecuteAsync($"UPDATE {table} SET v = CASE WHEN id = 0 THEN (SELECT v FROM {table} WHERE id = 1) END WHERE id < 2");
            var changed = await lake.ReconcileAsync(table);
            Assert.True(changed.Verdict == "different" && changed.Changed == 2, $"{type}: {changed.Verdict}, {changed.Changed} changed");
            Assert.All(await lake.DifferencesAsync(changed.Id), d => Assert.Equal(["v"], d.Columns));
        }

        output.WriteLine($"{tables.Count} types.");
    }

    [Fact]
    public async Task Values_that_only_look_alike_are_different()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(
            """
            CREATE EXTENSION hstore;
            CREATE TABLE t (id int PRIMARY KEY, f float8, e text, l int[], m hstore, s text[]);
            INSERT INTO t VALUES (1, 0, '', '{}', '', '{a,NULL}'), (2, 1, 'x', '{1}', 'a=>1', '{}'), (3, 0, NULL, NULL, NULL, NULL)
            """);
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        await lake.EqualAsync("src_t", 3);
        await lake.ExecuteAsync(
            """
            UPDATE t SET f = '-0', e = NULL, l = NULL, m = NULL, s = '{a,""}' WHERE id = 1;
            UPDATE t SET l = '{NULL}', m = 'a=>NULL', s = '{NULL}' WHERE id = 2;
            UPDATE t SET e = '', l = '{}', m = '', s = '{}' WHERE id = 3
            """);

        var result = await lake.ReconcileAsync("src_t");

        Assert.Equal(["1: f,e,l,m,s", "2: l,m,s", "3: e,l,m,s"], (await lake.DifferencesAsync(result.Id)).Select(d => $"{d.Key!["id"]}: {string.Join(',', d.Columns)}"));
    }

    [Theory]
    [InlineData("a int, b text", "a, b", "SELECT i / 100, 'k' || i % 100 FROM generate_series(1, 5000) i")]
    [InlineData("a text", "a", "SELECT chr(32 + i % 90) || chr(i + 160) || i || CASE WHEN i % 3 = 0 THEN ' \\'' \"x\"' ELSE '' END FROM generate_series(1, 5000) i")]
    [InlineData("a text COLLATE \"en-x-icu\"", "a", "SELECT (CASE WHEN i % 2 = 0 THEN 'a' ELSE 'A' END) || i / 2 FROM generate_series(1, 5000) i")]
    [InlineData("a uuid", "a", "SELECT md5(i::text)::uuid FROM generate_series(1, 5000) i")]
    [InlineData("a timestamptz", "a", "SELECT timestamptz '1960-01-01 00:00:00.000001+02' + i * interval '1 day 1 microsecond' FROM generate_series(1, 5000) i")]
    [InlineData("a numeric(20,4)", "a", "SELECT i * 1.0001 - 2500 FROM generate_series(1, 5000) i")]
    [InlineData("a numeric", "a", "SELECT i * 1.10 - 2500 FROM generate_series(1, 5000) i")]
    [InlineData("a date, b bytea", "a, b", "SELECT date '2020-01-01' + i % 50, decode(md5(i::text), 'hex') FROM generate_series(1, 5000) i")]
    [InlineData("a char(8)", "a", "SELECT 'c' || i FROM generate_series(1, 5000) i")]
    [InlineData("\"Mixed Case\" bigint", "\"Mixed Case\"", "SELECT i * 1000000007::bigint FROM generate_series(1, 5000) i")]
    [InlineData("a boolean, b float4", "a", "SELECT i = 1, i FROM generate_series(1, 2) i")]
    public async Task Keys_of_every_kind_find_their_rows(string columns, string key, string rows)
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync($"CREATE TABLE t ({columns}, v int, PRIMARY KEY ({key})); INSERT INTO t SELECT *, 1 FROM ({rows}) x");
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        await lake.EqualAsync("src_t");
        await lake.ExecuteAsync($"UPDATE t SET v = 2 WHERE ({key}) IN (SELECT {key} FROM t ORDER BY md5(t::text) LIMIT 7)");

        var result = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal("repaired", result.Verdict);
        Assert.Equal(result.Changed, result.Repaired);
        Assert.InRange(result.Changed, 2, 7);
        Assert.All(await lake.DifferencesAsync(result.Id), d => Assert.Equal(["v"], d.Columns));
        await lake.EqualAsync("src_t");
    }

    [Theory]
    [InlineData("northwind", new[] { "data/northwind.sql" })]
    [InlineData("pagila", new[] { "data/pagila-schema.sql", "data/pagila-data.sql" })]
    public async Task Known_databases_are_equal_as_a_whole(string name, string[] scripts)
    {
        ArgumentNullException.ThrowIfNull(scripts);
        var files = scripts.Select(SharedFiles.Find).ToList();
        if (files.Contains(null))
        {
            output.WriteLine($"SKIPPED: {string.Join(", ", scripts)} are not beside the repository (LAKE_SHARED names their folder).");
            return;
        }

        var database = await server.CreateDatabaseAsync($"recon_{name}");
        foreach (var file in files)
        {
            await server.RunScriptAsync(database, file!);
        }

        await using var lake = await IngestionLake.StartAsync(server, database);
        var syncs = (await lake.SyncAsync("\"public.*\"", "name: \"{table}\"")).Where(c => c.Kind == "sync").Select(c => c.Name).ToList();
        long rows = 0;
        foreach (var sync in syncs)
        {
            var run = await lake.SucceedAsync(sync);
            await lake.EqualAsync(sync, (long)run.Result!["rows_refined"]!);
            rows += (long)run.Result["rows_refined"]!;
        }

        output.WriteLine($"{syncs.Count} tables, {rows} rows equal.");
    }
}
