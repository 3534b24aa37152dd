using System.Diagnostics;
using System.Globalization;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>Servers, networks and disks that fail under a capture: the operator is told what is wrong, and afterwards nothing is missing and nothing is double.</summary>
[Collection(CaptureProof.Name)]
public sealed class CaptureOutageTests(PostgresServer server, ITestOutputHelper output)
{
    private const string Table = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM generate_series(1, 100) i";
    private const string Writes = "INSERT INTO t SELECT coalesce(max(id), 0) + 1, 'w' FROM t; UPDATE t SET v = left(v || 'u', 50) WHERE id = (random() * 100)::int; DELETE FROM t WHERE id = 100 + (random() * 500)::int";

    [Fact]
    public async Task A_server_that_logs_too_little_is_put_right_by_the_statement_of_the_hint()
    {
        await using var own = await OwnServerAsync("wal_level=replica");
        await using var lake = await CaptureLake.StartAsync(own);
        await lake.ExecuteAsync(Table);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");

        await DoAsync(own, await HintAsync(lake, "wal_level"));
        await own.StopAsync();
        await own.StartAgainAsync();
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task A_server_without_a_slot_left_is_put_right_by_the_statements_of_the_hints()
    {
        await using var own = await OwnServerAsync("max_replication_slots=1");
        await own.ExecuteAsync("postgres", "SELECT pg_create_logical_replication_slot('forgotten', 'test_decoding')");
        await using var lake = await CaptureLake.StartAsync(own, new Dictionary<string, string?> { ["Capture:LoadPositionWait"] = "00:00:01" });
        await lake.ExecuteAsync(Table);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");

        var drop = await HintAsync(lake, "'forgotten'");
        await own.ExecuteAsync("postgres", drop[drop.IndexOf("SELECT pg_drop", StringComparison.Ordinal)..]);

        // The capture has the only slot now; its load needs one of its own for a moment.
        string? hint = null;
        await lake.UntilAsync(async () => (hint = (await lake.Store.FindTableAsync("src_t", CancellationToken.None))?.Hint)?.Contains("max_replication_slots", StringComparison.Ordinal) == true, "the table says what its load lacks");
        await DoAsync(own, hint!);
        await own.StopAsync();
        await own.StartAgainAsync();
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task A_slot_that_another_consumer_reads_is_waited_for()
    {
        await using var lake = await StreamingAsync(server, Table);
        var slot = (await lake.AskSourceAsync($"SELECT slot_name::text FROM pg_replication_slots WHERE database = '{lake.Lake.Database}'"))[0];
        await using (var other = new LogicalReplicationConnection(server.ConnectionString(lake.Lake.Database)))
        {
            await other.Open();
            IAsyncEnumerator<object>? reading = null;
            await lake.UntilAsync(async () =>
            {
                await lake.ExecuteAsync($"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active AND active_pid NOT IN (SELECT {other.ProcessID})");
                try
                {
                    reading = other.StartReplication(new PgOutputReplicationSlot(slot), new PgOutputReplicationOptions("lakeportal_src", PgOutputProtocolVersion.V1), CancellationToken.None).GetAsyncEnumerator();
                    await lake.ExecuteAsync("INSERT INTO t SELECT max(id) + 1, 'meanwhile' FROM t");
                    return await reading.MoveNextAsync();
                }
                catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ObjectInUse)
                {
                    return false;
                }
            }, "another consumer has the slot");
            await lake.UntilAsync(async () => await lake.Store.FindAsync("src", CancellationToken.None) is { State: "waiting", Reason: { } reason } && reason.Contains("another process", StringComparison.Ordinal), "the operator is told");
        }

        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
        await OnceAsync(lake, "t");
        Assert.DoesNotContain(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slot_that_fell_too_far_behind_is_a_gap_that_heals_itself()
    {
        await using var own = await OwnServerAsync("max_slot_wal_keep_size=32MB", "max_wal_size=64MB", "min_wal_size=32MB");
        var lake = await StreamingAsync(own, Table);
        await lake.Lake.Lake.StopAsync();
        await lake.ExecuteAsync("UPDATE t SET v = 'lost' WHERE id < 50; DELETE FROM t WHERE id > 90");
        for (var i = 0; (await lake.AskSourceAsync("SELECT coalesce(wal_status, '') FROM pg_replication_slots"))[0] != "lost"; i++)
        {
            Assert.True(i < 20, "The server keeps the slot's log.");
            await lake.ExecuteAsync("SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()");
            await lake.ExecuteAsync("CHECKPOINT");
        }

        await using var again = await lake.AgainAsync();
        await again.EqualAsync("t");
        await again.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await again.EqualAsync("t");
        Assert.Contains(await again.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("max_slot_wal_keep_size", StringComparison.Ordinal));
    }

    /// <summary>LAKE_LONG_TESTS=1: for a minute.</summary>
    [Fact]
    public async Task A_network_that_is_silent_for_a_while_loses_and_repeats_nothing()
    {
        await using var proxy = new TcpProxy(server.Port);
        await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Capture:LongestSilence"] = "00:00:01" });
        await lake.ExecuteAsync(Table);
        await ApplyAsync(lake, proxy);
        await lake.StreamingAsync("src_t");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync($"{Writes}; SELECT pg_sleep(0.002)", stop.Token);
        proxy.Cut();
        await lake.UntilAsync(async () => await lake.Store.FindAsync("src", CancellationToken.None) is { State: "waiting", Reason: { } reason } && reason.Contains("did not answer", StringComparison.Ordinal), "the operator is told");
        await Task.Delay(LongTests.Are ? 60_000 : 1_000);
        proxy.Heal();
        await lake.UntilAsync(async () => (await lake.Store.FindAsync("src", CancellationToken.None))?.State == "streaming", "the capture goes on");
        await stop.CancelAsync();
        await writing;
        await lake.EqualAsync("t");
        await OnceAsync(lake, "t");
    }

    [Fact]
    public async Task A_server_that_crashes_under_a_writer_loses_and_repeats_nothing()
    {
        await using var own = await OwnServerAsync();
        await using var lake = await StreamingAsync(own, Table);
        using var stop = new CancellationTokenSource();
        var writing = WriteThroughAsync(lake, stop.Token);
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(500);
            await own.StopAsync("immediate");
            await own.StartAgainAsync();
        }

        await stop.CancelAsync();
        await writing;
        await lake.EqualAsync("t");
        await OnceAsync(lake, "t");
    }

    [Fact]
    public async Task Another_cluster_behind_the_same_address_is_noticed_and_loaded_from_the_start()
    {
        await using var first = await OwnServerAsync();
        await using var proxy = new TcpProxy(first.Port);
        await using var lake = await CaptureLake.StartAsync(server);
        _ = await first.CreateDatabaseAsync(lake.Lake.Database);
        await first.ExecuteAsync(lake.Lake.Database, $"{Table}; SELECT pg_switch_wal()");
        await first.ExecuteAsync(lake.Lake.Database, "INSERT INTO t VALUES (5000, 'only there'); SELECT pg_switch_wal()");
        await lake.ExecuteAsync(Table);
        await ApplyAsync(lake, proxy);
        await lake.StreamingAsync("src_t");
        Assert.Equal("101", await lake.Lake.ScalarAsync("SELECT count(*) FROM refined.src_t"));

        await lake.ExecuteAsync("UPDATE t SET v = 'the other cluster' WHERE id < 20; DELETE FROM t WHERE id = 100");
        proxy.Target = server.Port;
        proxy.CloseAll();
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (6000, 'followed'); UPDATE t SET v = 'followed' WHERE id = 50");
        await lake.EqualAsync("t");
        await OnceAsync(lake, "t");
        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("another database cluster", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_of_the_lake_stops_the_capture_until_there_is_room()
    {
        var folder = Directory.CreateTempSubdirectory("lakeportal-full-");
        if (!Mount(folder.FullName, "-t", "tmpfs", "-o", "size=3m", "tmpfs"))
        {
            folder.Delete();
            output.WriteLine("SKIPPED: a small file system can only be mounted by root.");
            return;
        }

        try
        {
            await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Lake:Warehouse"] = folder.FullName });
            await lake.ExecuteAsync(Table + "; CREATE TABLE o (id int PRIMARY KEY, v text)");
            await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
            await lake.StreamingAsync("src_t");
            await lake.StreamingAsync("src_o");
            await lake.ExecuteAsync("INSERT INTO t SELECT 1000 + i, md5(i::text) || md5((-i)::text) || md5((i * 7)::text) FROM generate_series(1, 60000) i; INSERT INTO o SELECT i, 'o' FROM generate_series(1, 100) i; UPDATE t SET v = 'u' WHERE id < 1100");
            await lake.UntilAsync(async () => await lake.Store.FindAsync("src", CancellationToken.None) is { State: "waiting", Reason: { } reason } && reason.Contains("full", StringComparison.OrdinalIgnoreCase), "the operator is told");
            Assert.True(Mount(folder.FullName, "-o", "remount,size=300m"));

            await lake.EqualAsync("t");
            await lake.EqualAsync("o");
            await OnceAsync(lake, "t");
            await OnceAsync(lake, "o");
        }
        finally
        {
            using var unmount = Process.Start("umount", ["-l", folder.FullName]);
            await unmount.WaitForExitAsync();
            folder.Delete();
        }
    }

    [Fact]
    public async Task Log_that_nobody_reads_is_given_up_before_it_fills_the_source()
    {
        var faults = new AlwaysFaults();
        await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Capture:MostRetainedBytes"] = "8388608" }, services => services.AddSingleton<ICaptureSteps>(faults));
        await lake.ExecuteAsync(Table);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        faults.Breaks = true;
        while (!(await lake.EventsAsync()).Any(e => e.StartsWith("log-given-up:", StringComparison.Ordinal)))
        {
            // Each step is looked at before the next: half of the limit is not jumped over.
            var looked = DateTimeOffset.UnixEpoch;
            await lake.ExecuteAsync("INSERT INTO t SELECT (SELECT max(id) FROM t) + i, repeat('x', 500) FROM generate_series(1, 1500) i");
            for (var look = 0; look < 2; look++)
            {
                await lake.UntilAsync(() => Task.FromResult(lake.Reading().ObservedAt is { } at && at > looked), "the log is looked at");
                looked = lake.Reading().ObservedAt!.Value;
            }
        }

        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("log-kept:", StringComparison.Ordinal));
        faults.Breaks = false;
        await lake.EqualAsync("t");
        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("is gone", StringComparison.Ordinal));
        await OnceAsync(lake, "t");
    }

    /// <summary>LAKE_LONG_TESTS=1: 300 MB.</summary>
    [Fact]
    public async Task A_transaction_larger_than_the_memory_is_spilled()
    {
        var rows = LongTests.Are ? 300_000 : 100_000;
        await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Writer:MemoryLimit"] = "192MB", ["Writer:Threads"] = "1", ["Writer:RowGroupRows"] = "16384" });
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text, w text); ALTER TABLE t ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        var (before, most, troubles) = (Environment.WorkingSet, 0L, new SortedSet<string>(StringComparer.Ordinal));
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                most = Math.Max(most, Environment.WorkingSet);
                _ = troubles.Add((await lake.Store.FindAsync("src", CancellationToken.None))?.Reason ?? "");
                await Task.Delay(20, CancellationToken.None);
            }
        });
        await lake.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO t SELECT i, (SELECT string_agg(md5((i * 31 + k)::text), '') FROM generate_series(1, 32) k), NULL FROM generate_series(1, {rows}) i; UPDATE t SET w = 'changed' WHERE id % 10 = 0; DELETE FROM t WHERE id % 100 = 1"));

        const string Sum = "SELECT concat_ws('|', count(*), sum(id), count(w), md5(string_agg(md5(v), '' ORDER BY id))) FROM ";
        var expected = (await lake.AskSourceAsync(Sum + "t"))[0];
        await lake.UntilAsync(async () => troubles.Max != "" || await lake.Lake.ScalarAsync("SELECT count(*) FROM refined.src_t") != "0", "the transaction is there", TimeSpan.FromMinutes(3));
        await stop.CancelAsync();
        await watching;
        Assert.True(troubles.Max == "", string.Join('\n', troubles));
        Assert.Equal(expected, await lake.Lake.ScalarAsync(Sum + "refined.src_t"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows / 1000} MB in one transaction: working set {before >> 20} MiB before, at most {most >> 20} MiB"));
    }

    [Fact]
    public async Task A_commit_that_takes_longer_than_the_server_waits_does_not_end_the_connection()
    {
        await using var own = await OwnServerAsync("wal_sender_timeout=4s");
        var slow = new SlowSteps(CaptureStep.RawWritten, TimeSpan.FromSeconds(8));
        await using var lake = await StreamingAsync(own, Table, configure: s => s.AddSingleton<ICaptureSteps>(slow));
        await lake.CaughtUpAsync();
        var sender = await SenderAsync(lake);
        slow.IsSlow = true;
        await lake.ExecuteAsync("INSERT INTO t VALUES (1000, 'x')");
        await lake.EqualAsync("t");
        slow.IsSlow = false;
        Assert.Equal(sender, await SenderAsync(lake));
    }

    [Fact]
    public async Task Savepoints_and_prepared_transactions_count_when_and_as_far_as_they_commit()
    {
        await using var own = await OwnServerAsync("max_prepared_transactions=10");
        await using var lake = await StreamingAsync(own, Table);
        await lake.ExecuteAsync("""
            BEGIN; INSERT INTO t VALUES (201, 'kept'); SAVEPOINT a; UPDATE t SET v = 'undone' WHERE id < 10; DELETE FROM t WHERE id = 11; TRUNCATE t; ROLLBACK TO a; INSERT INTO t VALUES (202, 'kept');
            SAVEPOINT b; UPDATE t SET v = 'released' WHERE id = 12; SAVEPOINT c; DELETE FROM t WHERE id = 13; ROLLBACK TO c; RELEASE b; COMMIT;
            BEGIN; ALTER TABLE t ADD COLUMN undone int; INSERT INTO t VALUES (203, 'undone', 1); ROLLBACK;
            BEGIN; SAVEPOINT d; ALTER TABLE t ADD COLUMN undone int; UPDATE t SET undone = 1; ROLLBACK TO d; UPDATE t SET v = 'after' WHERE id = 14; COMMIT
            """);
        await PrepareAsync(lake, "p1", "INSERT INTO t VALUES (301, 'prepared'); UPDATE t SET v = 'prepared' WHERE id = 15");
        await PrepareAsync(lake, "p2", "INSERT INTO t VALUES (302, 'prepared and undone'); DELETE FROM t WHERE id = 16");
        await lake.ExecuteAsync("UPDATE t SET v = 'meanwhile' WHERE id = 17");
        await lake.EqualAsync("t");
        await lake.RestartCaptureAsync();
        await lake.ExecuteAsync("UPDATE t SET v = 'meanwhile' WHERE id = 18");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("ROLLBACK PREPARED 'p2'");
        await lake.ExecuteAsync("COMMIT PREPARED 'p1'");
        await lake.EqualAsync("t");
        await OnceAsync(lake, "t");
        Assert.Equal("1", await lake.Lake.ScalarAsync("SELECT count(*) FROM refined.src_t WHERE v = 'prepared' AND id = 301"));
        Assert.Equal("0", await lake.Lake.ScalarAsync("SELECT count(*) FROM raw.src_t WHERE v LIKE '%undone%'"));
    }

    private static async Task<PostgresServer> OwnServerAsync(params string[] settings)
    {
        var own = new PostgresServer { Settings = settings };
        await own.InitializeAsync();
        return own;
    }

    private static async Task<CaptureLake> StreamingAsync(PostgresServer server, string sql, Action<IServiceCollection>? configure = null)
    {
        var lake = await CaptureLake.StartAsync(server, configure: configure);
        await lake.ExecuteAsync(sql);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        return lake;
    }

    private static Task ApplyAsync(CaptureLake lake, TcpProxy proxy) =>
        lake.Lake.ApplyAsync(lake.Lake.SourceYaml("connect_timeout: 2s").Replace($"port: {lake.Lake.Server.Port}", $"port: {proxy.Port}", StringComparison.Ordinal), "kind: sync\nsource: src\ntables: [public.t]\nmode: bootstrap+cdc");

    private static async Task<string> HintAsync(CaptureLake lake, string part)
    {
        string? hint = null;
        await lake.UntilAsync(async () => (hint = (await lake.Store.FindAsync("src", CancellationToken.None))?.Hint)?.Contains(part, StringComparison.Ordinal) == true, part);
        return hint!;
    }

    /// <summary>The hint's first statement.</summary>
    private static Task DoAsync(PostgresServer server, string hint) => server.ExecuteAsync("postgres", hint[hint.IndexOf("ALTER SYSTEM", StringComparison.Ordinal)..(hint.IndexOf(';', StringComparison.Ordinal) + 1)]);

    private static async Task OnceAsync(CaptureLake lake, string table) =>
        Assert.Equal("0", await lake.Lake.ScalarAsync($"SELECT count(*) FROM (SELECT _position FROM raw.src_{table} WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));

    private static Task PrepareAsync(CaptureLake lake, string name, string sql) => lake.ExecuteAsync($"BEGIN; {sql}; PREPARE TRANSACTION '{name}'");

    private static async Task<string> SenderAsync(CaptureLake lake) => (await lake.AskSourceAsync("SELECT active_pid::text FROM pg_replication_slots WHERE plugin = 'pgoutput'"))[0];

    /// <summary>Writes, whatever happens to the server.</summary>
    private static async Task WriteThroughAsync(CaptureLake lake, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await lake.WriteAsync(Writes, stop);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static bool Mount(string folder, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return false;
        }

        using var mount = Process.Start(new ProcessStartInfo("mount", [.. arguments, folder]) { RedirectStandardError = true })!;
        mount.WaitForExit();
        return mount.ExitCode == 0;
    }

    private sealed class SlowSteps(CaptureStep slow, TimeSpan wait) : ICaptureSteps
    {
        public volatile bool IsSlow;

        public Task ReachedAsync(CaptureStep step, string? sync, CancellationToken cancellationToken) => IsSlow && step == slow ? Task.Delay(wait, cancellationToken) : Task.CompletedTask;
    }

    /// <summary>A lake that cannot be written to for a while.</summary>
    private sealed class AlwaysFaults : ICaptureSteps
    {
        private volatile bool _breaks;

        public bool Breaks
        {
            get => _breaks;
            set => _breaks = value;
        }

        public Task ReachedAsync(CaptureStep step, string? sync, CancellationToken cancellationToken) => _breaks && step == CaptureStep.BeforeRaw ? throw new FaultException(step, sync) : Task.CompletedTask;
    }
}
