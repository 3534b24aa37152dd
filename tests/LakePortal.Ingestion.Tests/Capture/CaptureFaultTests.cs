using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>What goes wrong at the source: it is noticed, named, and healed where that can be done without an operator; otherwise the words hold what puts it right.</summary>
[Collection(PostgresTests.Name)]
public sealed class CaptureFaultTests(PostgresServer server)
{
    private const string Table = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM generate_series(1, 100) i";

    [Fact]
    public async Task A_slot_that_is_dropped_is_a_gap_that_heals_itself()
    {
        await using var lake = await StreamingAsync(Table);
        await LoseAsync(lake, "SELECT pg_drop_replication_slot('{0}')");
        await lake.ExecuteAsync("INSERT INTO t VALUES (201, 'after')");

        await lake.EqualAsync("t");
        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("is gone", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slot_that_somebody_else_read_on_is_a_gap_that_heals_itself()
    {
        await using var lake = await StreamingAsync(Table);
        await LoseAsync(lake, "SELECT pg_replication_slot_advance('{0}', pg_current_wal_lsn())");
        await lake.ExecuteAsync("INSERT INTO t VALUES (201, 'after')");

        await lake.EqualAsync("t");
        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("somebody else", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_that_is_cut_again_and_again_loses_and_repeats_nothing()
    {
        await using var lake = await StreamingAsync(Table);
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("INSERT INTO t SELECT coalesce(max(id), 0) + 1, 'w' FROM t; UPDATE t SET v = v || 'u' WHERE id = (random() * 100)::int", stop.Token);
        for (var i = 0; i < 5; i++)
        {
            await Task.Delay(300);
            await lake.ExecuteAsync($"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '{lake.Lake.Database}' AND active AND NOT temporary");
        }

        await stop.CancelAsync();
        await writing;
        await lake.EqualAsync("t");
        Assert.Equal("0", await lake.Lake.ScalarAsync("SELECT count(*) FROM (SELECT _position FROM raw.src_t WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
    }

    [Fact]
    public async Task A_table_that_is_dropped_and_made_again_is_loaded_anew_and_others_go_on()
    {
        await using var lake = await StreamingAsync(Table + "; CREATE TABLE o (id int PRIMARY KEY); INSERT INTO o VALUES (1)");
        await lake.ExecuteAsync("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (7, 'new'); INSERT INTO o VALUES (2)");

        await lake.EqualAsync("t");
        await lake.EqualAsync("o");
        await lake.ExecuteAsync("INSERT INTO t VALUES (8, 'followed'); INSERT INTO o VALUES (3)");
        await lake.EqualAsync("t");
        await lake.EqualAsync("o");
    }

    [Fact]
    public async Task A_table_that_is_made_again_just_before_it_is_loaded_is_followed_as_it_is_now()
    {
        await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Capture:HeartbeatInterval"] = "00:05:00" });
        await lake.ExecuteAsync(Table);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("CREATE TABLE next (LIKE t INCLUDING ALL); INSERT INTO next VALUES (7, 'new'); ALTER TABLE t RENAME TO old; ALTER TABLE next RENAME TO t");
        await lake.BootstrapAsync("src_t");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (8, 'followed'); UPDATE old SET v = 'not followed'");
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task A_publication_that_somebody_drops_or_takes_a_table_out_of_is_a_gap_that_heals_itself()
    {
        await using var lake = await StreamingAsync(Table + "; CREATE TABLE o (id int PRIMARY KEY)");
        await lake.ExecuteAsync("ALTER PUBLICATION lakeportal_src DROP TABLE t; UPDATE t SET v = 'not sent' WHERE id < 10; INSERT INTO o VALUES (1)");
        await lake.EqualAsync("t");
        await lake.EqualAsync("o");
        await lake.ExecuteAsync("DROP PUBLICATION lakeportal_src; UPDATE t SET v = 'not to be read' WHERE id < 20; DELETE FROM t WHERE id = 30");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'followed'); INSERT INTO o VALUES (2)");
        await lake.EqualAsync("t");
        await lake.EqualAsync("o");
        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("publication", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_type_that_changes_under_the_stream_has_the_table_loaded_anew_and_others_go_on()
    {
        await using var lake = await StreamingAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 50) i; CREATE TABLE o (id int PRIMARY KEY)");
        await lake.ExecuteAsync("UPDATE t SET v = -1 WHERE id = 1; ALTER TABLE t ALTER v TYPE text USING 'n' || v; UPDATE t SET v = 'text' WHERE id = 2; INSERT INTO o VALUES (1)");

        await lake.EqualAsync("o");
        await lake.EqualAsync("t");
        Assert.Equal("string", await Canonical.TypeAsync(lake.Lake, "refined.src_t", "v"));
        await lake.ExecuteAsync("INSERT INTO t VALUES (99, 'followed')");
        await lake.EqualAsync("t");
        Assert.Contains(await lake.EventsAsync(), e => e.Contains("'v'", StringComparison.Ordinal) && e.Contains("string", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rows_that_ALTER_TABLE_rewrites_or_fills_without_logging_them_are_loaded_anew()
    {
        await using var lake = await StreamingAsync(Table);
        await lake.ExecuteAsync("ALTER TABLE t ALTER v TYPE text USING upper(v)");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("ALTER TABLE t ADD COLUMN c int DEFAULT 7");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("ALTER TABLE t DROP COLUMN c; ALTER TABLE t ADD COLUMN c int");
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task A_table_without_a_key_is_held_with_the_statement_that_puts_it_right_and_goes_on_after_it()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync(Table + "; CREATE TABLE n (a int); INSERT INTO n VALUES (1); CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; CREATE UNLOGGED TABLE u (id int PRIMARY KEY)");
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        foreach (var table in new[] { "n", "nothing", "u" })
        {
            var row = await lake.Store.FindTableAsync($"src_{table}", CancellationToken.None);
            Assert.Equal(CaptureStates.Held, row?.State);
            await lake.ExecuteAsync(row!.Hint![..(row.Hint!.LastIndexOf(';') + 1)]);
            _ = await lake.Lake.Lake.SendAsync(new RestartCapture($"src_{table}"));
            await lake.StreamingAsync($"src_{table}");
        }

        await lake.ExecuteAsync("INSERT INTO n VALUES (1), (2); INSERT INTO nothing VALUES (1); INSERT INTO u VALUES (1); INSERT INTO t VALUES (1000, 'x')");
        foreach (var table in new[] { "n", "nothing", "u", "t" })
        {
            await lake.EqualAsync(table);
        }
    }

    [Fact]
    public async Task A_role_that_may_not_replicate_or_does_not_own_the_tables_is_told_the_statements()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        var role = $"r{Guid.NewGuid():N}"[..20];
        await lake.ExecuteAsync($"{Table}; CREATE ROLE {role} LOGIN; GRANT SELECT ON t TO {role}");
        await lake.Lake.ApplyAsync(lake.Lake.SourceYaml().Replace($"username: {server.User}", $"username: {role}", StringComparison.Ordinal), "kind: sync\nsource: src\ntables: [public.t]\nmode: bootstrap+cdc");
        async Task<string> HintAsync(string part)
        {
            string? hint = null;
            await lake.UntilAsync(async () => (hint = (await lake.Store.FindAsync("src", CancellationToken.None))?.Hint)?.Contains(part, StringComparison.Ordinal) == true, part);
            return hint!;
        }

        await lake.ExecuteAsync(await HintAsync("REPLICATION"));
        var publish = await HintAsync("CREATE PUBLICATION");
        await lake.ExecuteAsync(publish[(publish.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task Another_lake_does_not_take_a_slot_that_is_not_its_own()
    {
        await using var lake = await StreamingAsync(Table);
        await using var second = await CaptureLake.StartAsync(server, database: lake.Lake.Database);
        await second.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");

        await second.UntilAsync(async () => (await second.Store.FindAsync("src", CancellationToken.None)) is { State: "waiting", Hint: { } hint } && hint.Contains("slot:", StringComparison.Ordinal), "the second waits");
        await lake.RestartCaptureAsync();
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
        Assert.DoesNotContain(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_heartbeat_moves_the_slot_of_an_idle_database()
    {
        await using var lake = await StreamingAsync(Table);
        await lake.CaughtUpAsync();
        var before = await SlotAsync(lake, "confirmed_flush_lsn");
        await server.ExecuteAsync("postgres", "CREATE TABLE IF NOT EXISTS busy (x text); INSERT INTO busy SELECT repeat('x', 1000) FROM generate_series(1, 1000)");

        await lake.UntilAsync(async () => (await lake.AskSourceAsync($"SELECT '{await SlotAsync(lake, "confirmed_flush_lsn")}'::pg_lsn - '{before}'::pg_lsn > 1000000"))[0] == "True", "the slot moves");
    }

    [Fact]
    public async Task Deleting_the_last_sync_drops_the_slot_and_the_publication()
    {
        await using var lake = await StreamingAsync(Table + "; CREATE TABLE o (id int PRIMARY KEY)");
        await lake.Lake.Lake.SendAsync(new DeleteObject("sync", "src_o"));
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
        await lake.Lake.Lake.SendAsync(new DeleteObject("sync", "src_t"));

        await lake.UntilAsync(async () => (await lake.AskSourceAsync($"SELECT 1 FROM pg_replication_slots WHERE database = '{lake.Lake.Database}'")).Count == 0, "the slot goes");
        await lake.UntilAsync(async () => (await lake.AskSourceAsync("SELECT 1 FROM pg_publication")).Count == 0, "the publication goes");
    }

    [Fact]
    public async Task A_pause_keeps_changes_in_raw_and_resuming_applies_them()
    {
        await using var lake = await StreamingAsync("CREATE TABLE t (id int PRIMARY KEY, v text, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; INSERT INTO t SELECT i, 'v', repeat(chr(64 + i), 3000) FROM generate_series(1, 20) i");
        await lake.Lake.Lake.SendAsync(new SetSyncPaused("src_t", true));
        await lake.ExecuteAsync("UPDATE t SET v = 'while paused' WHERE id < 10; DELETE FROM t WHERE id = 11; UPDATE t SET id = 500 WHERE id = 12");
        await lake.UntilAsync(async () => await lake.Lake.ScalarAsync("SELECT count(*) FROM raw.src_t WHERE _load_type = 'CDC'") == "12", "raw has the changes");
        Assert.Equal("20|v", await lake.Lake.ScalarAsync("SELECT count(*), max(v) FROM refined.src_t"));

        await lake.Lake.Lake.SendAsync(new SetSyncPaused("src_t", false));
        await lake.EqualAsync("t");
    }

    private async Task<CaptureLake> StreamingAsync(string sql)
    {
        var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync(sql);
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
        foreach (var table in await lake.AskSourceAsync("SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"))
        {
            await lake.StreamingAsync($"src_{table}");
        }

        return lake;
    }

    /// <summary>Cuts the connection and does something to the slot before it is taken again, with changes in between that no log has any more.</summary>
    private static async Task LoseAsync(CaptureLake lake, string sql)
    {
        var slot = await SlotAsync(lake, "slot_name");
        var lose = string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, slot);
        await lake.UntilAsync(async () =>
        {
            try
            {
                await lake.ExecuteAsync($"DO $d$ BEGIN LOOP PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active; EXIT WHEN NOT FOUND; PERFORM pg_sleep(0.01); END LOOP; END $d$");
                await lake.ExecuteAsync($"SET synchronous_commit = on; INSERT INTO t SELECT coalesce(max(id), 0) + 1, 'lost' FROM t; DELETE FROM t WHERE id = 5; UPDATE t SET v = 'lost' WHERE id = 6");
                await lake.ExecuteAsync(lose);
                return true;
            }
            catch (Npgsql.PostgresException e) when (e.SqlState is Npgsql.PostgresErrorCodes.ObjectInUse)
            {
                return false;
            }
        }, "the slot is free");
    }

    private static async Task<string> SlotAsync(CaptureLake lake, string column) =>
        (await lake.AskSourceAsync($"SELECT {column}::text FROM pg_replication_slots WHERE database = '{lake.Lake.Database}' AND NOT temporary AND plugin = 'pgoutput'"))[0];
}
