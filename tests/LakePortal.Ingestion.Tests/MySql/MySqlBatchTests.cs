using System.Globalization;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using MySqlConnector;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>Loads of whole tables from a real MariaDB, compared with what the server's own functions print.</summary>
[Collection(MariaDbTests.Name)]
public sealed class MySqlBatchTests(MariaDbServer server, ITestOutputHelper output)
{
    [Fact]
    public async Task Every_table_of_sakila_is_equal()
    {
        if (SharedFiles.Find("data/sakila-mysql-schema.sql") is not { } schema || SharedFiles.Find("data/sakila-mysql-data.sql") is not { } data)
        {
            output.WriteLine("SKIPPED: data/sakila-mysql-schema.sql is not beside the repository (LAKE_SHARED names its folder).");
            return;
        }

        await server.RunScriptAsync(schema);
        await server.RunScriptAsync(data);
        await using var lake = await MySqlLake.StartAsync(server, "sakila");

        await lake.SyncAsync("\"sakila.*\"", "name: \"{table}\"");

        var tables = await lake.AskAsync("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'sakila' AND TABLE_TYPE = 'BASE TABLE'");
        Assert.True(tables.Count >= 16, $"{tables.Count} tables");
        foreach (var table in tables)
        {
            var run = await lake.Lake.SucceedAsync(table);
            await lake.EqualAsync(table, $"refined.{table}");
            Assert.Equal("one-moment", (string?)run.Result!["refined_consistency"]);
        }

        output.WriteLine($"{tables.Count} tables equal.");
    }

    [Fact]
    public async Task Values_at_the_ends_of_their_types_arrive_without_loss()
    {
        await using var lake = await MySqlLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE TABLE t (id int PRIMARY KEY, ti tinyint, tu tinyint unsigned, s smallint unsigned, m mediumint unsigned zerofill, i int, iu int unsigned, b bigint, bu bigint unsigned, d decimal(38,10), d65 decimal(65,30),
              dz decimal(8,2) zerofill, y year, b1 bit(1), b9 bit(9), b64 bit(64), c char(5), vc varchar(50), l1 varchar(50) CHARACTER SET latin1, x text, e enum('a','b''c','ö'), st set('x','y','z'), j json,
              bi binary(5), vb varbinary(10), bl longblob, da date, dt datetime(6), ts timestamp(3) NULL, tm time(6), g geometry, p point, u uuid, i6 inet6) CHARACTER SET utf8mb4;
            INSERT INTO t VALUES (1, -128, 255, 65535, 42, -2147483648, 4294967295, -9223372036854775808, 18446744073709551615, 1234567890123456789012345678.0123456789, -12345678901234567890123456789012345.123456789012345678901234567890,
              7.5, 2155, 1, 511, 18446744073709551615, 'ab', '日本語 🍣', 'Ärger €', REPEAT('ö', 300), 'b''c', 'x,z', '{"a": [1, 2.50, null], "ü": "x"}',
              x'0102000000', x'00ff', x'00', '0001-01-01', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999', '23:59:59.999999', ST_GeomFromText('LINESTRING(0 0, 1 2)'), ST_GeomFromText('POINT(1 2)'),
              '123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329');
            INSERT INTO t (id) VALUES (2);
            INSERT INTO t (id, ti, bu, d, d65, vc, bi, da, dt, ts, tm, y, b64) VALUES (3, 0, 0, -0.0000000001, 0, '', x'', '2024-02-29', '1000-01-01 00:00:00', '1970-01-01 00:00:01', '00:00:00', 0, 0)
            """);

        await lake.SyncAsync($"\"{lake.Database}.t\"", "name: t");
        await lake.Lake.SucceedAsync("t");

        await lake.EqualAsync("t", "refined.t");
        var types = new Dictionary<string, string>
        {
            ["tu"] = "int", ["m"] = "int", ["iu"] = "long", ["b"] = "long", ["bu"] = "decimal(20,0)", ["d"] = "decimal(38,10)", ["d65"] = "string", ["y"] = "int", ["b1"] = "boolean", ["b9"] = "long", ["b64"] = "decimal(20,0)",
            ["e"] = "string", ["st"] = "string", ["j"] = "string", ["bi"] = "binary", ["da"] = "date", ["dt"] = "timestamp", ["ts"] = "timestamptz", ["tm"] = "time", ["g"] = "binary", ["u"] = "uuid",
        };
        foreach (var (column, type) in types)
        {
            Assert.Equal(type, await Canonical.TypeAsync(lake.Lake, "refined.t", column));
        }
    }

    [Fact]
    public async Task Floats_keep_every_bit()
    {
        await using var lake = await MySqlLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE f (id int PRIMARY KEY, f float, d double, r float(7,2)); INSERT INTO f VALUES (1, 0.1, 0.1, 12345.67), (2, 16777217, 1e308, 0), (3, 3.4028234e38, 4.9e-324, NULL), (4, -1.17549435e-38, 123456789.12345679, -1)");

        await lake.SyncAsync($"\"{lake.Database}.f\"", "name: f");
        await lake.Lake.SucceedAsync("f");

        // The server says of each number whether it is the very one that the lake holds.
        var rows = await lake.Lake.QueryAsync("SELECT id::VARCHAR, coalesce(f::DOUBLE::VARCHAR, 'NULL'), coalesce(d::VARCHAR, 'NULL'), coalesce(r::DOUBLE::VARCHAR, 'NULL') FROM refined.f ORDER BY id");
        Assert.Equal(4, rows.Count);
        foreach (var row in rows.Select(r => r.Split('|')))
        {
            Assert.Equal(["1"], await lake.AskAsync($"SELECT count(*) FROM f WHERE id = {row[0]} AND f + 0e0 <=> {Exponent(row[1])} AND d <=> {Exponent(row[2])} AND r + 0e0 <=> {Exponent(row[3])}"));
        }

        static string Exponent(string number) => number == "NULL" || number.Contains('e', StringComparison.Ordinal) ? number : $"{number}e0";
    }

    [Fact]
    public async Task Dates_that_are_none_and_times_of_more_than_a_day_make_their_column_text()
    {
        await using var lake = await MySqlLake.StartAsync(server);
        await lake.ExecuteAsync("""
            SET sql_mode = 'ALLOW_INVALID_DATES';
            CREATE TABLE z (id int PRIMARY KEY, d date, dt datetime, ts timestamp NULL, t time, t2 time(3));
            INSERT INTO z VALUES (1, '0000-00-00', '2024-00-10 10:00:00', '0000-00-00 00:00:00', '838:59:59', '-00:00:00.500'), (2, '2024-02-31', '2024-01-01', '2024-01-01', '10:00:00', '10:00:00'), (3, NULL, NULL, NULL, NULL, NULL)
            """);

        await lake.SyncAsync($"\"{lake.Database}.z\"", "name: z");
        await lake.Lake.SucceedAsync("z");

        Assert.Equal(
            ["1|0000-00-00|2024-00-10 10:00:00|0000-00-00 00:00:00|838:59:59|-00:00:00.500", "2|2024-02-31|2024-01-01 00:00:00|2024-01-01 00:00:00|10:00:00|10:00:00.000", "3|∅|∅|∅|∅|∅"],
            await lake.Lake.QueryAsync("SELECT id, d, dt, ts, t, t2 FROM refined.z ORDER BY id"));
        var columns = (await lake.Lake.Lake.SendAsync(new Contracts.Syncs.GetSyncStatus("z"))).Columns;
        Assert.Contains("2024-00-10", columns.Single(c => c.Name == "dt").Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reference_system_is_kept_as_extended_binary()
    {
        await using var lake = await MySqlLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE g (id int PRIMARY KEY, g geometry); INSERT INTO g VALUES (1, ST_GeomFromText('POINT(1 2)', 4326)), (2, ST_GeomFromText('POINT(1 2)'))");

        await lake.SyncAsync($"\"{lake.Database}.g\"", "name: g");
        await lake.Lake.SucceedAsync("g");

        // PostGIS: SELECT encode(ST_AsEWKB('SRID=4326;POINT(1 2)'), 'hex').
        Assert.Equal(["0101000020e6100000000000000000f03f0000000000000040", "0101000000000000000000f03f0000000000000040"], await lake.Lake.QueryAsync("SELECT lower(hex(g)) FROM refined.g ORDER BY id"));
    }

    [Fact]
    public async Task Several_connections_see_one_moment_while_somebody_writes()
    {
        await using var lake = await MySqlLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync("CREATE TABLE accounts (id bigint PRIMARY KEY, amount bigint NOT NULL, filler char(200) NOT NULL); INSERT INTO accounts SELECT CAST(seq AS SIGNED) * 3 - 30000, 1000, REPEAT('x', 200) FROM seq_1_to_20000; ANALYZE TABLE accounts");
        await lake.SyncAsync($"\"{lake.Database}.accounts\"", "name: a", "parallelism: 3");
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 3).Select(n => Task.Run(() => MoveAsync(lake, n, stop.Token))).ToList();

        for (var round = 0; round < 3; round++)
        {
            var run = await lake.Lake.SucceedAsync("a");
            Assert.Equal("20000000", await lake.Lake.ScalarAsync("SELECT sum(amount)::VARCHAR FROM refined.a"));
            Assert.Equal("20000", await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM refined.a"));
            Assert.Equal("one-moment", (string?)run.Result!["consistency"]);
            Assert.True((bool)run.Result!["position_exact"]!);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
    }

    [Fact]
    public async Task A_load_whose_connections_are_killed_goes_on_with_what_is_left_and_says_so()
    {
        await using var lake = await MySqlLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync("CREATE TABLE big (id int PRIMARY KEY, filler char(250) NOT NULL); INSERT INTO big SELECT seq, REPEAT('y', 250) FROM seq_1_to_60000; ANALYZE TABLE big");
        await lake.SyncAsync($"\"{lake.Database}.big\"", "name: big", "parallelism: 1");
        var run = await lake.Lake.Lake.SendAsync(new Contracts.Syncs.RunSync("big", null));

        await KillReadersAsync(lake, async () => (await lake.Lake.Lake.SendAsync(new Contracts.Syncs.GetSyncRun(run))).Chunks.Any(c => c.State == "done"));
        var ended = await lake.Lake.Lake.SendAsync(new Contracts.Syncs.AwaitSyncRun(run));

        Assert.Equal(RunState.Succeeded, ended.State);
        await lake.EqualAsync("big", "refined.big");
        Assert.Equal("several-moments", (string?)ended.Result!["consistency"]);
        Assert.Equal("several-moments", (string?)ended.Result!["refined_consistency"]);
    }

    [Fact]
    public async Task Keys_of_any_kind_are_loaded()
    {
        await using var lake = await MySqlLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync("""
            CREATE TABLE unsigned_key (id bigint unsigned PRIMARY KEY); INSERT INTO unsigned_key VALUES (0), (1), (9223372036854775807), (9223372036854775808), (18446744073709551615);
            CREATE TABLE text_key (k varchar(20) PRIMARY KEY, v int); INSERT INTO text_key VALUES ('a', 1), ('B', 2), ('ß', 3);
            CREATE TABLE no_key (v int); INSERT INTO no_key VALUES (1), (1), (NULL);
            CREATE TABLE two (a int, b varchar(10), PRIMARY KEY (a, b)); INSERT INTO two VALUES (1, 'x'), (1, 'y'), (-5, '');
            CREATE TABLE empty_one (id int PRIMARY KEY);
            CREATE TABLE `odd ``name``` (`select` int PRIMARY KEY, `ü ö` int); INSERT INTO `odd ``name``` VALUES (1, 2);
            CREATE TABLE mine (id int PRIMARY KEY, v int) ENGINE = MyISAM; INSERT INTO mine VALUES (1, 1);
            CREATE VIEW seen AS SELECT a, count(*) AS n FROM two GROUP BY a
            """);
        await lake.SyncAsync($"\"{lake.Database}.*\", \"{lake.Database}.seen\"", "name: \"{table}\"");

        foreach (var table in new[] { "unsigned_key", "text_key", "no_key", "two", "empty_one", "mine", "seen" })
        {
            await lake.Lake.SucceedAsync(table);
            await lake.EqualAsync(table, $"refined.{table}");
        }

        await lake.Lake.SucceedAsync("odd__name_");
        Assert.Equal(["1|2"], await lake.Lake.QueryAsync("SELECT \"select\", \"ü ö\" FROM refined.odd__name_"));
        Assert.Equal("several-moments", (string?)(await lake.Lake.SucceedAsync("mine")).Result!["consistency"]);
    }

    [Fact]
    public async Task Connection_tests_name_the_reason()
    {
        await using var lake = await MySqlLake.StartAsync(server);
        var good = await TestAsync(lake, lake.SourceYaml());
        var wrong = await TestAsync(lake, lake.SourceYaml(password: "${secret:wrong}"));
        var unknown = await TestAsync(lake, lake.SourceYaml("database: nowhere"));
        var refused = await TestAsync(lake, lake.SourceYaml().Replace($"port: {server.Port}", $"port: {PostgresServer.FreePort()}", StringComparison.Ordinal));
        var encrypted = await TestAsync(lake, lake.SourceYaml("sslmode: require"));

        Assert.True(good.Ok, string.Join('\n', good.Steps));
        Assert.Contains("MariaDB", good.ServerVersion, StringComparison.Ordinal);
        Assert.Equal("sign-in", Failed(wrong).Name);
        Assert.Contains("./lake secret set wrong", Failed(wrong).Hint, StringComparison.Ordinal);
        Assert.Equal("database", Failed(unknown).Name);
        Assert.Contains("nowhere", Failed(unknown).Message, StringComparison.Ordinal);
        Assert.Equal("connect", Failed(refused).Name);
        Assert.Contains("TLS", Failed(encrypted).Message, StringComparison.Ordinal);

        static ConnectionStep Failed(ConnectionTest test) => test.Steps.Single(s => s.State == "failed");
    }

    [Fact]
    public async Task Documents_say_what_the_source_cannot_do()
    {
        await using var lake = await MySqlLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp)");

        Assert.Contains("slot", (await RefusedAsync(() => lake.SyncAsync($"\"{lake.Database}.t\"", source: "slot: s"))).Message, StringComparison.Ordinal);
        Assert.Contains("incremental", (await RefusedAsync(() => lake.SyncAsync($"\"{lake.Database}.t\"", "cursor: updated_at"))).Message, StringComparison.Ordinal);
        Assert.Contains("There is no table", (await RefusedAsync(() => lake.SyncAsync($"\"{lake.Database}.u\""))).Message, StringComparison.Ordinal);

        static async Task<InvalidInputException> RefusedAsync(Func<Task> apply) => await Assert.ThrowsAsync<InvalidInputException>(apply);
    }

    private static Task<ConnectionTest> TestAsync(MySqlLake lake, string yaml)
    {
        var content = new System.Text.Json.Nodes.JsonObject();
        foreach (var (key, value) in yaml.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(": ", 2)).Where(l => l.Length == 2).Select(l => (l[0].Trim(), l[1].Trim())))
        {
            content[key] = int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : value;
        }

        return lake.Lake.Lake.SendAsync(new TestConnection(content));
    }

    private static async Task MoveAsync(MySqlLake lake, int seed, CancellationToken stop)
    {
        await using var connection = new MySqlConnection(lake.Server.ConnectionString(lake.Database));
        await connection.OpenAsync(CancellationToken.None);
        var random = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            var (from, to) = ((random.Next(1, 20001) * 3) - 30000, (random.Next(1, 20001) * 3) - 30000);
            try
            {
                await using var command = new MySqlCommand($"START TRANSACTION; UPDATE accounts SET amount = amount - 7 WHERE id = {from}; UPDATE accounts SET amount = amount + 7 WHERE id = {to}; COMMIT", connection);
                await command.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.LockDeadlock)
            {
                await using var undo = new MySqlCommand("ROLLBACK", connection);
                await undo.ExecuteNonQueryAsync(CancellationToken.None);
            }

            await Task.Delay(1, CancellationToken.None);
        }
    }

    /// <summary>Kills everybody who is in a transaction, once the condition holds.</summary>
    private static async Task KillReadersAsync(MySqlLake lake, Func<Task<bool>> condition)
    {
        for (var deadline = TimeProvider.System.GetUtcNow().AddSeconds(30); TimeProvider.System.GetUtcNow() < deadline && !await condition();)
        {
            await Task.Delay(5);
        }

        foreach (var id in await lake.AskAsync("SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX"))
        {
            try
            {
                await lake.ExecuteAsync($"KILL CONNECTION {id}");
            }
            catch (MySqlException e) when (e.ErrorCode is MySqlErrorCode.NoSuchThread)
            {
                continue;
            }
        }
    }
}
