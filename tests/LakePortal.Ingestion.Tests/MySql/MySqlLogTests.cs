using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.TestSupport;
using MySqlConnector;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>What servers and sessions do to the binary log beside writing whole rows of committed transactions.</summary>
[Collection(MariaDbTests.Name)]
public sealed class MySqlLogTests(MariaDbServer server)
{
    [Theory]
    [InlineData("MINIMAL")]
    [InlineData("NOBLOB")]
    [InlineData("FULL_NODUP")]
    public async Task Parts_of_rows_are_filled_up(string image)
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int, x text, d int DEFAULT 5); INSERT INTO t VALUES (1, 1, 'one', 1), (2, NULL, NULL, 2), (3, 3, 'three', 3)");
        if (!await HasImageAsync(image))
        {
            return;
        }

        await lake.ExecuteAsync($"SET SESSION binlog_row_image = '{image}'; UPDATE t SET a = 10 WHERE id = 1; UPDATE t SET x = 'two' WHERE id = 2; UPDATE t SET a = NULL WHERE id = 3; DELETE FROM t WHERE id = 3");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync($"SET SESSION binlog_row_image = '{image}'; UPDATE t SET id = 30 WHERE id = 2; INSERT INTO t (id, a) VALUES (4, 4)");
        await lake.EqualSoonAsync("t");
    }

    [Fact]
    public async Task Rows_that_foreign_keys_change_are_loaded_again()
    {
        await using var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync("""
            CREATE TABLE p (id int PRIMARY KEY, v int);
            CREATE TABLE c (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE);
            CREATE TABLE g (id int PRIMARY KEY, c int, FOREIGN KEY (c) REFERENCES c (id) ON DELETE SET NULL);
            INSERT INTO p VALUES (1, 1), (2, 2), (3, 3); INSERT INTO c VALUES (10, 1), (20, 2), (30, 3); INSERT INTO g VALUES (100, 10), (200, 20), (300, 30)
            """);
        await lake.SyncAsync($"\"{lake.Database}.c\", \"{lake.Database}.g\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_c");
        await lake.StreamingAsync("src_g");
        await lake.ExecuteAsync("UPDATE p SET v = v + 1; DELETE FROM p WHERE id = 1");
        await lake.EqualSoonAsync("c");
        await lake.EqualSoonAsync("g");
        await lake.ExecuteAsync("UPDATE p SET id = 22 WHERE id = 2; INSERT INTO c VALUES (40, 22)");
        await lake.EqualSoonAsync("c");
        await lake.EqualSoonAsync("g");
        Assert.Contains(await lake.EventsAsync(), e => e.Contains("foreign key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Statements_among_the_rows_have_the_tables_loaded_again_that_they_may_have_changed()
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int, x text, d int); INSERT INTO t VALUES (1, 1, 'one', 1)");
        await lake.ExecuteAsync("SET SESSION binlog_format = 'STATEMENT'; UPDATE t SET a = 7; INSERT INTO t VALUES (2, 2, '', 2)");
        await lake.EqualSoonAsync("t");
        await lake.StreamingAsync("src_t");
        var other = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(other, "CREATE TABLE beat (id int PRIMARY KEY); SET SESSION binlog_format = 'STATEMENT'; REPLACE INTO beat VALUES (1)");
        await lake.ExecuteAsync("INSERT INTO t VALUES (3, 3, '', 3)");
        await lake.EqualSoonAsync("t");
        Assert.Single(await lake.EventsAsync(), e => e.Contains("logged as a statement", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prepared_transactions_count_when_they_are_committed()
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int, x text, d int); INSERT INTO t VALUES (1, 1, 'one', 1)");
        await lake.ExecuteAsync("XA START 'one'; INSERT INTO t VALUES (2, 2, 'prepared', 2); XA END 'one'; XA PREPARE 'one'");
        await lake.ExecuteAsync("INSERT INTO t VALUES (3, 3, 'other', 3)");
        await lake.CaughtUpAsync();
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("XA COMMIT 'one'");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("XA START 'two','b',7; DELETE FROM t WHERE id = 1; XA END 'two','b',7; XA PREPARE 'two','b',7");
        await lake.ExecuteAsync("XA ROLLBACK 'two','b',7; INSERT INTO t VALUES (4, 4, 'after', 4)");
        await lake.EqualSoonAsync("t");
        Assert.Equal("4", await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM refined.src_t"));
    }

    [Fact]
    public async Task A_table_that_joins_a_source_and_one_that_is_paused_lose_and_repeat_nothing()
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE TABLE u (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1); INSERT INTO u SELECT seq, seq FROM seq_1_to_5000");
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 10; !stop.IsCancellationRequested; i++)
            {
                await lake.ExecuteAsync($"INSERT INTO t VALUES ({i}, {i}); UPDATE u SET a = a + 1 WHERE id % 97 = {i % 97}; DELETE FROM u WHERE id = {i * 3}");
            }
        });
        await lake.SyncAsync($"\"{lake.Database}.t\", \"{lake.Database}.u\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_u");
        await lake.Lake.Lake.SendAsync(new Contracts.Syncs.SetSyncPaused("src_u", true));
        await Task.Delay(300);
        await lake.ExecuteAsync("FLUSH BINARY LOGS");
        await lake.Lake.Lake.SendAsync(new Contracts.Syncs.SetSyncPaused("src_u", false));
        await Task.Delay(300);
        await stop.CancelAsync();
        await writing;
        await lake.EqualSoonAsync("t");
        await lake.EqualSoonAsync("u");
        Assert.Equal("0", await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM (SELECT _position FROM raw.src_u WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
    }

    [Fact]
    public async Task What_keeps_the_log_from_being_read_is_named_with_the_statement_that_puts_it_right()
    {
        await using var lake = await MySqlLake.CaptureAsync(server);
        var user = $"r{Guid.NewGuid():N}"[..20];
        await lake.ExecuteAsync($"CREATE TABLE t (id int PRIMARY KEY); CREATE USER '{user}'@'%' IDENTIFIED BY 'lake'; GRANT SELECT ON *.* TO '{user}'@'%'");
        async Task<(string? Message, string? Hint)> FollowAsync()
        {
            var source = new System.Text.Json.Nodes.JsonObject { ["kind"] = "source", ["name"] = "o", ["type"] = "mariadb", ["host"] = "127.0.0.1", ["port"] = server.Port, ["username"] = user, ["password"] = "${secret:right}" };
            var step = (await lake.Lake.Lake.SendAsync(new Contracts.Sources.TestConnection(source))).Steps.Single(s => s.Name == "follow");
            return step.State == "ok" ? (null, null) : (step.Message, step.Hint);
        }

        var hint = (await FollowAsync()).Hint!;
        Assert.Contains("REPLICATION SLAVE", hint, StringComparison.Ordinal);
        Assert.Contains("BINLOG MONITOR", hint, StringComparison.Ordinal);
        await lake.ExecuteAsync($"GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO '{user}'@'%'");
        Assert.Equal((null, null), await FollowAsync());
        foreach (var (name, value, usual) in new[] { ("binlog_format", "MIXED", "ROW"), ("binlog_row_image", "MINIMAL", "FULL") })
        {
            await lake.ExecuteAsync($"SET GLOBAL {name} = '{value}'");
            var (message, statement) = await FollowAsync();
            await lake.ExecuteAsync(statement![..(statement!.IndexOf(';', StringComparison.Ordinal) + 1)]);
            Assert.Contains(name, message!, StringComparison.Ordinal);
            Assert.Equal(usual, (await lake.AskAsync($"SELECT @@GLOBAL.{name}")).Single());
            Assert.Equal((null, null), await FollowAsync());
        }
    }

    [Fact]
    public async Task Tables_whose_rows_are_not_in_the_log_are_held_and_others_go_on()
    {
        await using var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, z date); CREATE TABLE m (id int PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE cjk (id int PRIMARY KEY, v varchar(9) CHARACTER SET gbk); INSERT INTO m VALUES (1)");
        await lake.SyncAsync($"\"{lake.Database}.*\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        foreach (var table in new[] { "m", "cjk" })
        {
            await lake.UntilAsync(async () => (await lake.Store.FindTableAsync($"src_{table}", CancellationToken.None))?.State == CaptureStates.Held, $"{table} is held");
        }

        // A date that is none is told, and kept, but not made another.
        await lake.ExecuteAsync("INSERT INTO m VALUES (2); SET sql_mode = ''; INSERT INTO t VALUES (1, '2024-01-01'), (2, '0000-00-00')");
        await lake.UntilAsync(async () => (await lake.Store.FindTableAsync("src_t", CancellationToken.None))?.DeadLetters == 1, "the row is a dead letter");
        Assert.Equal(["1|2024-01-01"], await lake.Lake.QueryAsync("SELECT id, z::VARCHAR FROM refined.src_t"));
        await lake.ExecuteAsync("ALTER TABLE m ENGINE = InnoDB; INSERT INTO m VALUES (3)");
        _ = await lake.Lake.Lake.SendAsync(new RestartCapture("src_m"));
        await lake.StreamingAsync("src_m");
        await lake.EqualSoonAsync("m");
    }

    private async Task<bool> HasImageAsync(string image)
    {
        await using var connection = new MySqlConnection(server.ConnectionString());
        await connection.OpenAsync();
        try
        {
            await using var command = new MySqlCommand($"SET SESSION binlog_row_image = '{image}'", connection);
            await command.ExecuteNonQueryAsync();
            return true;
        }
        catch (MySqlException)
        {
            // Servers before 11.4 do not know it.
            return false;
        }
    }
}
