using LakePortal.Ingestion.Capture.State;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>Definitions of tables change while the binary log is followed: every row is read by the columns that it was written with.</summary>
[Collection(MariaDbTests.Name)]
public sealed class MySqlDefinitionTests(MariaDbServer server)
{
    [Fact]
    public async Task Definitions_that_change_are_followed_or_the_table_is_loaded_anew()
    {
        await using var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(10)); INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')");
        await lake.SyncAsync($"\"{lake.Database}.t\"", "name: t\nmode: bootstrap+cdc");
        await lake.StreamingAsync("t");

        await lake.ExecuteAsync("INSERT INTO t VALUES (3, 3, 'z'); ALTER TABLE t ADD COLUMN c date; INSERT INTO t VALUES (4, 4, 'q', '2024-01-01')");
        await lake.EqualSoonAsync("t", "refined.t", "id, a, b, c");
        Assert.DoesNotContain(await lake.EventsAsync(), e => e.Contains("loaded anew", StringComparison.Ordinal));
        await lake.ExecuteAsync("ALTER TABLE t ADD COLUMN d int NOT NULL DEFAULT 7 AFTER id; UPDATE t SET a = 10 WHERE id = 1");
        await lake.EqualSoonAsync("t", "refined.t", "id, a, b, c, d");
        await lake.ExecuteAsync("ALTER TABLE t MODIFY a bigint; INSERT INTO t VALUES (5, 1, 9999999999, 'w', NULL)");
        await lake.EqualSoonAsync("t", "refined.t", "id, a, b, c, d");
        await lake.ExecuteAsync("ALTER TABLE t CHANGE b bb varchar(20), DROP COLUMN c; UPDATE t SET bb = 'long enough for it'");
        await lake.EqualSoonAsync("t", "refined.t", "id, a, bb, d");
        await lake.ExecuteAsync("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, d int, a bigint, bb varchar(20)); INSERT INTO t VALUES (1, 1, 1, 'again')");
        await lake.EqualSoonAsync("t", "refined.t", "id, a, bb, d");
        await lake.ExecuteAsync("RENAME TABLE t TO gone");
        await lake.UntilAsync(async () => (await lake.Store.FindTableAsync("t", CancellationToken.None))?.State == CaptureStates.Held, "the table is held");
    }

    [Fact]
    public async Task Columns_that_exchange_their_names_are_never_mixed_up()
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 100)");
        await lake.ExecuteAsync("INSERT INTO t VALUES (2, 2, 200); ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a; INSERT INTO t VALUES (3, 300, 3)");
        await lake.EqualSoonAsync("t");
        Assert.Single(await lake.EventsAsync(), e => e.Contains("loaded a", StringComparison.Ordinal));
        await lake.ExecuteAsync("ALTER TABLE t CHANGE a x int, CHANGE b y bigint FIRST; UPDATE t SET x = x + 1; INSERT INTO t VALUES (9999999999, 4, 400)");
        await lake.EqualSoonAsync("t");
        Assert.Single(await lake.EventsAsync(), e => e.Contains("loaded a", StringComparison.Ordinal));

        // The lake keeps what was dropped under its name, until another column gets it.
        await lake.ExecuteAsync("ALTER TABLE t DROP COLUMN x; INSERT INTO t VALUES (5, 5); ALTER TABLE t ADD COLUMN x int; INSERT INTO t VALUES (6, 6, 6)");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("ALTER TABLE t DROP COLUMN x; INSERT INTO t VALUES (7, 7); ALTER TABLE t CHANGE y x bigint; INSERT INTO t VALUES (8, 8)");
        await lake.EqualSoonAsync("t");
    }

    [Fact]
    public async Task What_happened_while_nobody_read_is_read_by_the_columns_of_its_time()
    {
        var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 100)");
        var stopped = await lake.StopAsync();
        await lake.ExecuteAsync("INSERT INTO t VALUES (2, 2, 200); ALTER TABLE t DROP COLUMN a, ADD COLUMN c int AFTER id; INSERT INTO t VALUES (3, 3, 300); UPDATE t SET c = 7 WHERE id = 1");
        lake = await lake.AgainAsync(stopped);
        await lake.EqualSoonAsync("t");
        Assert.Equal(["c|2|2|200|∅", "c|3|∅|300|3"], await lake.Lake.QueryAsync("SELECT _op, id, a, b, c FROM raw.src_t WHERE _load_type = 'CDC' AND _op = 'c' ORDER BY id"));

        // Two changes with rows in between: what the columns were there is known to nobody.
        stopped = await lake.StopAsync();
        await lake.ExecuteAsync("ALTER TABLE t RENAME COLUMN b TO d; INSERT INTO t VALUES (4, 4, 400); ALTER TABLE t RENAME COLUMN c TO b, RENAME COLUMN d TO c; INSERT INTO t VALUES (5, 5, 500)");
        lake = await lake.AgainAsync(stopped);
        await lake.EqualSoonAsync("t");
        Assert.Contains(await lake.EventsAsync(), e => e.Contains("changed several times", StringComparison.Ordinal));

        // Two changes without: both are followed.
        stopped = await lake.StopAsync();
        await lake.ExecuteAsync("ALTER TABLE t RENAME COLUMN b TO e; ALTER TABLE t RENAME COLUMN e TO f, ADD COLUMN g int; CREATE INDEX i ON t (g); INSERT INTO t VALUES (6, 6, 600, 60)");
        lake = await lake.AgainAsync(stopped);
        await lake.EqualSoonAsync("t");
        Assert.Single(await lake.EventsAsync(), e => e.Contains("changed several times", StringComparison.Ordinal));
        await lake.DisposeAsync();
    }

    [Fact]
    public async Task Tables_that_are_put_in_place_of_others_are_loaded_anew_and_come_back_by_themselves()
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)");
        await lake.ExecuteAsync("CREATE TABLE next LIKE t; INSERT INTO next VALUES (7, 7); RENAME TABLE t TO old, next TO t; INSERT INTO t VALUES (8, 8); UPDATE old SET a = 99");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("DROP TABLE t");
        await lake.UntilAsync(async () => (await lake.Store.FindTableAsync("src_t", CancellationToken.None))?.State == CaptureStates.Held, "the table is held");
        await lake.ExecuteAsync("RENAME TABLE old TO t; INSERT INTO t VALUES (9, 9)");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("CREATE OR REPLACE TABLE t (a int, id int PRIMARY KEY); INSERT INTO t VALUES (1, 2)");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20)); INSERT INTO t VALUES (3, 4), (5, 16)");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("ALTER TABLE t DROP PARTITION p0");
        await lake.EqualSoonAsync("t");
        await lake.ExecuteAsync("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, a); INSERT INTO t VALUES (6, 16)");
        await lake.EqualSoonAsync("t");
    }

    [Fact]
    public async Task Truncation_is_followed_also_beside_columns_that_come_and_go()
    {
        await using var lake = await MySqlLake.FollowAsync(server, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT seq, seq FROM seq_1_to_100");
        await lake.ExecuteAsync("INSERT INTO t VALUES (200, 1); TRUNCATE t; INSERT INTO t VALUES (1, 5); ALTER TABLE t ADD COLUMN c varchar(5) CHARACTER SET latin1; INSERT INTO t VALUES (2, 6, 'ä'); TRUNCATE TABLE t; INSERT INTO t VALUES (3, 7, 'ö')");
        await lake.EqualSoonAsync("t");
        Assert.Equal("2", await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM raw.src_t WHERE _op = 't'"));
    }

    [Fact]
    public async Task A_frozen_table_keeps_its_columns_and_one_that_holds_is_held()
    {
        await using var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync("CREATE TABLE f (id int PRIMARY KEY, a int); CREATE TABLE h LIKE f; INSERT INTO f VALUES (1, 1); INSERT INTO h VALUES (1, 1)");
        await lake.Lake.ApplyAsync(lake.SourceYaml(), $"kind: sync\nsource: src\ntables: [\"{lake.Database}.f\"]\nmode: bootstrap+cdc\nschema: freeze", $"kind: sync\nsource: src\ntables: [\"{lake.Database}.h\"]\nmode: bootstrap+cdc\nschema: hold");
        await lake.StreamingAsync("src_f");
        await lake.StreamingAsync("src_h");
        await lake.ExecuteAsync("ALTER TABLE f ADD COLUMN n int NOT NULL DEFAULT 7 FIRST; INSERT INTO f VALUES (9, 2, 2); ALTER TABLE h ADD COLUMN n int; INSERT INTO h VALUES (2, 2, 9)");
        await lake.EqualSoonAsync("f", columns: "id, a");
        await lake.UntilAsync(async () => (await lake.Store.FindTableAsync("src_h", CancellationToken.None))?.State == CaptureStates.Held, "the table is held");
        Assert.Equal("2", await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM (DESCRIBE refined.src_f)"));
        await lake.ExecuteAsync("ALTER TABLE f CHANGE a b int; INSERT INTO f VALUES (9, 3, 3)");
        await lake.UntilAsync(async () => (await lake.Store.FindTableAsync("src_f", CancellationToken.None))?.State == CaptureStates.Held, "the frozen table is held");
    }
}
