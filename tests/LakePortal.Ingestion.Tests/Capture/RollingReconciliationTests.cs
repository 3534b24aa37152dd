using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Reconciliation.Rolling;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>Comparing key range by key range while the source goes on. LAKE_KEY_CHECKS sets how many key checks are made under writers (default 60,000).</summary>
[Collection(PostgresTests.Name)]
public sealed class RollingReconciliationTests(PostgresServer server)
{
    private static readonly Dictionary<string, string?> SmallRanges = new() { ["Reconciliation:RollingChunkRows"] = "1000", ["Reconciliation:RollingWindowRows"] = "10000" };

    [Fact]
    public async Task Eight_writers_that_never_rest_cause_no_false_difference()
    {
        var wanted = long.Parse(Environment.GetEnvironmentVariable("LAKE_KEY_CHECKS") ?? "60000", CultureInfo.InvariantCulture);
        var rows = wanted > 500_000 ? 200_000 : 20_000;
        var settings = wanted > 500_000 ? new() { ["Reconciliation:RollingChunkRows"] = "5000", ["Reconciliation:RollingWindowRows"] = "50000" } : SmallRanges;
        await using var lake = await CaptureLake.StartAsync(server, settings);
        await lake.ExecuteAsync($"CREATE TABLE t (id int PRIMARY KEY, v int, w text, n numeric(12,2), at timestamptz); INSERT INTO t SELECT i, 0, 'w', i / 7.0, now() FROM generate_series(1, {rows}) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        using var stop = new CancellationTokenSource();
        string[] statements =
        [
            $"UPDATE t SET v = v + 1, w = md5(random()::text), at = clock_timestamp() WHERE id = 1 + (random() * {rows - 1})::int",
            "UPDATE t SET n = n + 1 WHERE id BETWEEN 5000 AND 5020",
            $"DELETE FROM t WHERE id = 1 + (random() * {rows - 1})::int; INSERT INTO t VALUES (1 + (random() * {rows - 1})::int, -1, 'back', 0, now()) ON CONFLICT (id) DO UPDATE SET v = t.v + 1",
            $"UPDATE t SET id = id + 1000000 WHERE id = 1 + (random() * {rows - 1})::int; UPDATE t SET id = id - 1000000 WHERE id > 1000000 AND NOT EXISTS (SELECT 1 FROM t AS o WHERE o.id = t.id - 1000000)",
        ];
        var writers = Enumerable.Range(0, 8).Select(i => lake.WriteAsync(statements[i % statements.Length], stop.Token)).ToList();

        var (keys, rounds) = (0L, 0);
        while (keys < wanted)
        {
            var found = await lake.ReconcileAsync("src_t", method: "rolling");
            Assert.Equal(("rolling", "equal", 0L, 0L, 0L), (found.Method, found.Verdict, found.Missing, found.Extra, found.Changed));
            Assert.True(found.Ranges > 10);
            keys += found.RowsSource ?? 0;
            rounds++;
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        var written = await lake.AskSourceAsync("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");
        Console.WriteLine($"{keys} key checks in {rounds} rolling comparisons beside 8 writers ({written[0]} transactions): no false difference");
        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
    }

    [Fact]
    public async Task Planted_differences_are_found_shown_and_repaired_and_nothing_else_is_touched()
    {
        await using var lake = await CaptureLake.StartAsync(server, SmallRanges);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 15000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await PlantAsync(lake, "SELECT * FROM (VALUES (10, -1, false), (12000, NULL, true), (90000, 5, false)) AS p(id, v, gone)");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("UPDATE t SET v = v + 1 WHERE id BETWEEN 100 AND 11000 AND random() < 0.001", stop.Token);

        var seen = await lake.ReconcileAsync("src_t", method: "rolling");
        Assert.Equal(("different", 1L, 1L, 1L), (seen.Verdict, seen.Missing, seen.Extra, seen.Changed));
        var shown = await lake.Lake.Lake.SendAsync(new ListDifferences(seen.Id));
        Assert.Equal(
            ["changed 10 10 -1", "extra 90000 - 5", "missing 12000 12000 -"],
            shown.Select(d => $"{d.Kind} {d.Key!["id"]} {d.Source?["v"]?.ToString() ?? "-"} {d.Lake?["v"]?.ToString() ?? "-"}").Order(StringComparer.Ordinal));

        var found = await lake.ReconcileAsync("src_t", repair: true, method: "rolling");
        await stop.CancelAsync();
        await writing;
        Assert.Equal(("repaired", 1L, 1L, 1L, 3L), (found.Verdict, found.Missing, found.Extra, found.Changed, found.Repaired));
        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
        Assert.Equal("equal", (await lake.ReconcileAsync("src_t", method: "rolling")).Verdict);
        Assert.Equal("10|10;12000|12000;90000|∅", string.Join(";", await lake.Lake.QueryAsync("SELECT id, CASE WHEN \"_op\" <> 'd' THEN v END FROM raw.src_t WHERE \"_load_type\" = 'BATCH' AND \"_txid\" IS NULL AND \"_op\" IN ('r','d') AND \"_position\" > (SELECT min(\"_position\") FROM raw.src_t WHERE \"_load_type\" = 'BATCH') ORDER BY id")));
    }

    [Fact]
    public async Task A_commit_that_is_in_the_log_before_anybody_sees_it_is_no_difference()
    {
        await using var lake = await CaptureLake.StartAsync(server, SmallRanges);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 3000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        await lake.ExecuteAsync("SELECT pg_reload_conf()");
        string run;
        Task waiting;
        try
        {
            await lake.UntilAsync(async () => (await lake.AskSourceAsync("SHOW synchronous_standby_names"))[0] == "nobody", "the server waits for a standby");

            // Processes of the server learn of it one after another: the first commits may still go through.
            var value = -1;
            do
            {
                waiting = lake.ExecuteAsync($"SET synchronous_commit = on; UPDATE t SET v = {--value} WHERE id = 1500");
                await Task.WhenAny(waiting, Task.Delay(500));
            }
            while (waiting.IsCompleted && value > -1000);
            await lake.UntilAsync(async () => await lake.Lake.ScalarAsync("SELECT v FROM refined.src_t WHERE id = 1500") == $"{value}", "the lake has what nobody sees");
            Assert.NotEqual($"{value}", (await lake.AskSourceAsync("SELECT v FROM t WHERE id = 1500"))[0]);
            run = await lake.Lake.Lake.SendAsync(new StartReconciliation("src_t", "rolling"));
            await lake.UntilAsync(async () => (await lake.Lake.Runs.ReadLogAsync(run, 0, 1000, CancellationToken.None)).Any(l => l.Message.Contains("waits for a standby", StringComparison.Ordinal)), "the range is put off");
        }
        finally
        {
            await lake.ExecuteAsync("ALTER SYSTEM RESET synchronous_standby_names");
            await lake.ExecuteAsync("SELECT pg_reload_conf()");
        }

        await waiting;
        var found = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(run));
        Assert.Equal(("succeeded", "equal", 3000L), (found.State, found.Verdict, found.RowsSource));
    }

    [Theory]
    [InlineData("text", "'k' || i")]
    [InlineData("uuid", "md5(i::text)::uuid")]
    [InlineData("timestamptz", "'2001-01-01'::timestamptz + i * interval '1 hour'")]
    [InlineData("numeric(20,3)", "i * 1.5")]
    public async Task Keys_of_other_types_are_compared_in_ranges_as_well(string type, string value)
    {
        await using var lake = await CaptureLake.StartAsync(server, SmallRanges);
        await lake.ExecuteAsync($"CREATE TABLE t (k {type}, s int, v text, PRIMARY KEY (k, s)); INSERT INTO t SELECT {value}, i % 3, repeat('v', i % 9) FROM generate_series(1, 5000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("UPDATE t SET v = v || '!' WHERE ctid IN (SELECT ctid FROM t ORDER BY random() LIMIT 20)", stop.Token);
        var found = await lake.ReconcileAsync("src_t", method: "rolling");
        await stop.CancelAsync();
        await writing;
        Assert.Equal(("equal", 5000L, 5000L), (found.Verdict, found.RowsSource, found.RowsLake));
        Assert.True(found.Ranges > 1);
    }

    [Fact]
    public async Task A_truncation_between_two_ranges_is_no_difference()
    {
        await using var lake = await CaptureLake.StartAsync(server, SmallRanges);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 12000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("BEGIN; TRUNCATE t; INSERT INTO t SELECT i, (random() * 100)::int FROM generate_series(1, 12000) i; COMMIT", stop.Token);
        for (var round = 0; round < 3; round++)
        {
            var found = await lake.ReconcileAsync("src_t", method: "rolling");
            Assert.Equal(("equal", 12000L), (found.Verdict, found.RowsSource));
        }

        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task Tables_that_cannot_be_compared_in_ranges_say_what_can()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE bag (v int); ALTER TABLE bag REPLICA IDENTITY FULL; INSERT INTO bag VALUES (1), (1), (2); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)");
        await lake.Lake.SyncAsync("public.bag", "mode: bootstrap+cdc");
        await lake.Lake.SyncAsync("public.b", "mode: batch");
        await lake.StreamingAsync("src_bag");
        var run = await lake.Lake.Lake.SendAsync(new StartReconciliation("src_bag", "rolling"));
        var ended = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(run));
        Assert.Equal(("failed", "ingestion.reconciliation-not-possible"), (ended.State, ended.Error!.Code));
        Assert.Contains("snapshot", ended.Error.Hint, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ReconciliationNotPossibleException>(() => lake.Lake.Lake.SendAsync(new StartReconciliation("src_b", "rolling")));
        await Assert.ThrowsAsync<ReconciliationNotPossibleException>(() => lake.Lake.Lake.SendAsync(new StartReconciliation("src_b", "guess")));
    }

    [Fact]
    public async Task A_table_is_compared_by_the_clock_as_its_document_says()
    {
        await using var lake = await CaptureLake.StartAsync(server, SmallRanges);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc\nreconcile: {schedule: \"0 0 3 * * ?\", sample: 1000}");
        await lake.StreamingAsync("src_t");
        var status = await lake.Lake.Lake.SendAsync(new GetSyncStatus("src_t"));
        Assert.Equal(("0 0 3 * * ?", "rolling", 1000L), (status.Reconcile!.Schedule, status.Reconcile.Method, status.Reconcile.Sample));

        await lake.Lake.Lake.Services.GetRequiredService<ReconcileJob>().ExecuteAsync("src_t", DateTimeOffset.UnixEpoch, CancellationToken.None);
        var started = Assert.Single(await lake.Lake.Lake.SendAsync(new ListReconciliations("src_t")));
        var found = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(started.Id));
        Assert.Equal(("rolling", "equal", 1000L), (found.Method, found.Verdict, found.Sample));
        Assert.InRange(found.RowsSource!.Value, 1, 4999);
        Assert.Equal("schedule", (await lake.Lake.Runs.FindAsync(started.Id, CancellationToken.None))!.Trigger);
        Assert.Null((await lake.Lake.Lake.SendAsync(new GetSyncStatus("src_t"))).VerifiedThrough);
    }

    [Fact]
    public async Task A_document_that_asks_for_what_cannot_be_compared_is_refused_with_its_place()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.t", "mode: batch\nreconcile: {schedule: \"0 3 * * *\", method: rolling, sample: 0}"));
        Assert.Equal(3, error.Faults.Count);
        Assert.All(error.Faults, f => Assert.StartsWith("test.yaml:", f.Path, StringComparison.Ordinal));
        Assert.Contains(error.Faults, f => f.Message.Contains("five fields", StringComparison.Ordinal));
        Assert.Contains(error.Faults, f => f.Hint!.Contains("method: snapshot", StringComparison.Ordinal));
    }

    [Fact]
    public void A_transaction_of_the_log_is_found_in_the_snapshot_across_the_wrap_of_its_number()
    {
        var seen = SeenTransactions.Parse("4294967290:4294967310:4294967290,4294967297");
        Assert.Equal([4294967290, 4294967297], seen.Running);
        Assert.Equal([4294967290], seen.UndecidedBefore(4294967295));
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT list({SeenTransactions.IsSeenSql(SeenTransactions.WidenedSql("x.xid", "r.xmax"), "r")} ORDER BY x.n)
            FROM (SELECT {seen.Xmin}::BIGINT AS xmin, {seen.Xmax}::BIGINT AS xmax, {seen.RunningSql} AS running) AS r,
                 (VALUES (1, 4294967289), (2, 4294967290), (3, 4294967295), (4, 0), (5, 1), (6, 13), (7, 14), (8, 100)) AS x(n, xid)
            """;
        // Numbers as PostgreSQL's log has them: below the snapshot, running, ended, ended after the wrap, running after it, ended, not begun, not begun.
        Assert.Equal([true, false, true, true, false, true, false, false], (List<bool>)command.ExecuteScalar()!);
    }

    /// <summary>Writes to refined behind the product's back.</summary>
    private static async Task PlantAsync(CaptureLake lake, string rows)
    {
        Assert.True(TableIdentifier.TryParse("refined.src_t", out var table));
        await using var area = await lake.Lake.Lake.Services.GetRequiredService<ILakeWriter>().OpenStagingAsync(CancellationToken.None);
        _ = await area.MergeAsync(table, rows, ["id"], "gone", new Dictionary<string, string>(), CancellationToken.None);
    }
}
