using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Capture;

[Collection(PostgresTests.Name)]
public sealed class CaptureTests(PostgresServer server)
{
    [Fact]
    public async Task A_table_is_loaded_once_and_then_follows_its_changes()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(10,2)); INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 1000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");

        await lake.ExecuteAsync("UPDATE t SET v = 'changed' WHERE id <= 10; DELETE FROM t WHERE id > 990; INSERT INTO t VALUES (5000, 'new', 1.5); UPDATE t SET id = 6000 WHERE id = 20");

        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
        Assert.Equal(["c|2", "d|11", "r|1000", "u|10"], await lake.Lake.QueryAsync("SELECT _op, count(*) FROM raw.src_t GROUP BY 1 ORDER BY 1"));
    }

    [Fact]
    public async Task Values_that_the_log_leaves_out_are_taken_from_the_row_before()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE TABLE t (id int PRIMARY KEY, small text, large text, other text);
            ALTER TABLE t ALTER large SET STORAGE EXTERNAL; ALTER TABLE t ALTER other SET STORAGE EXTERNAL;
            INSERT INTO t SELECT i, 's', repeat(chr(64 + i), 5000), repeat(chr(96 + i), 5000) FROM generate_series(1, 20) i
            """);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");

        await lake.ExecuteAsync("""
            UPDATE t SET small = 'changed';
            UPDATE t SET large = repeat('Z', 6000) WHERE id = 3; UPDATE t SET small = 'again' WHERE id = 3;
            UPDATE t SET id = 103 WHERE id = 3; UPDATE t SET id = 203 WHERE id = 103; UPDATE t SET other = NULL WHERE id = 203; UPDATE t SET id = 303 WHERE id = 203;
            INSERT INTO t VALUES (50, 'new', repeat('N', 7000), repeat('M', 7000)); UPDATE t SET small = 'newer' WHERE id = 50; UPDATE t SET id = id + 1000 WHERE id < 20
            """);

        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
        Assert.Equal(["0"], await lake.Lake.QueryAsync("SELECT count(*) FROM raw.src_t WHERE _unchanged IS NOT NULL OR (_op IN ('c', 'u') AND large IS NULL)"));
    }

    [Fact]
    public async Task A_truncation_empties_the_table_and_what_follows_is_kept()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM generate_series(1, 100) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");

        await lake.ExecuteAsync("INSERT INTO t VALUES (200, 'gone'); TRUNCATE t; INSERT INTO t VALUES (1, 'after'), (2, 'after'); DELETE FROM t WHERE id = 2");

        await lake.CaughtUpAsync();
        Assert.Equal(["1|after"], await lake.Lake.QueryAsync("SELECT id, v FROM refined.src_t"));
    }

    [Fact]
    public async Task A_table_without_a_key_keeps_count_of_equal_rows()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (a int, b text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t SELECT i % 3, NULL FROM generate_series(1, 30) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");

        await lake.ExecuteAsync("INSERT INTO t VALUES (7, 'x'), (7, 'x'); DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE a = 1 LIMIT 4); UPDATE t SET b = 'y' WHERE ctid IN (SELECT ctid FROM t WHERE a = 2 LIMIT 3)");

        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
    }

    [Fact]
    public async Task Changes_made_while_a_table_is_loaded_and_while_nobody_listens_all_arrive_once()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 50000) i");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("UPDATE t SET v = v + 1 WHERE id = 1 + (random() * 49999)::int; DELETE FROM t WHERE id = 1 + (random() * 49999)::int; INSERT INTO t VALUES (50001 + (random() * 1e9)::int, -1) ON CONFLICT DO NOTHING", stop.Token);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.RestartCaptureAsync();
        await Task.Delay(500);
        await stop.CancelAsync();
        await writing;

        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
        Assert.Equal(["0"], await lake.Lake.QueryAsync("SELECT count(*) FROM (SELECT _position FROM raw.src_t WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
    }
}
