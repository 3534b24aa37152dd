using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Kernel.Errors;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>Dead letters that are replayed, and windows of a table that are filled in.</summary>
[Collection(PostgresTests.Name)]
public sealed class DeadLetterReplayTests(PostgresServer server)
{
    [Fact]
    public async Task Letters_are_closed_when_their_rows_are_right_and_become_the_changes_that_they_were_once_they_can_be_read()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, s text, n numeric(9,2), d date); INSERT INTO t VALUES (1, 'a', 1.5, '2024-01-01')");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (2, 'b', 'NaN', '2024-01-01'); INSERT INTO t VALUES (3, 'c', 2.5, '0044-03-15 BC'); UPDATE t SET n = 'NaN' WHERE id = 1; UPDATE t SET n = 7, s = 'bb' WHERE id = 2");
        await lake.CaughtUpAsync();
        var letters = await lake.Lake.Lake.SendAsync(new ListDeadLetters("src_t"));
        Assert.Equal(["u 1 NaN", "c 3 2.50", "c 2 NaN"], letters.Select(l => $"{l.Op} {l.Payload!["id"]} {l.Payload["n"]}"));
        Assert.All(letters, l => Assert.Null(l.Outcome));

        // What the types still cannot hold stays open; a row that was put right since is closed.
        var first = await ReplayAsync(lake);
        Assert.Equal("different", first.Verdict);
        Assert.Equal("rows of all open dead letters", first.Scope);
        Assert.Equal(["c 3 -", "u 1 -"], (await OpenAsync(lake)).Order(StringComparer.Ordinal));
        Assert.Equal(["settled"], (await lake.Lake.Lake.SendAsync(new ListDeadLetters("src_t", All: true))).Where(l => l.Outcome is not null).Select(l => l.Outcome!));
        Assert.Equal(2, (await lake.Store.FindTableAsync("src_t", CancellationToken.None))!.DeadLetters);

        // Loaded once more the columns are text, and the letters can be read.
        var run = await lake.Lake.Lake.SendAsync(new BootstrapSync("src_t"));
        await lake.EqualAsync("t");
        _ = await lake.Lake.Lake.SendAsync(new Contracts.Syncs.AwaitSyncRun(run));
        Assert.Equal("equal", (await ReplayAsync(lake)).Verdict);
        Assert.Empty(await OpenAsync(lake));
        Assert.Equal(["1|u|NaN|2024-01-01|CDC", "3|c|2.50|0044-03-15 BC|CDC"], await lake.Lake.QueryAsync(
            "SELECT id, \"_op\", n, d, \"_load_type\" FROM raw.src_t WHERE \"_position\" IN (SELECT position FROM raw.src_t__dead_letters WHERE outcome = 'replayed') ORDER BY id"));
        await lake.EqualAsync("t");
        await Assert.ThrowsAsync<NoDeadLettersException>(async () => throw await FailedAsync(lake));
    }

    [Fact]
    public async Task A_window_of_keys_or_of_another_column_is_filled_in_and_nothing_else_is_touched()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int, day date); INSERT INTO t SELECT i, i, '2024-01-01'::date + i / 100 FROM generate_series(1, 3000) i");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await PlantAsync(lake, "SELECT * FROM (VALUES (10, -1, DATE '2024-01-01', false), (500, -1, DATE '2024-01-06', false), (501, NULL, NULL, true), (9999, 1, DATE '2024-01-11', false), (1050, -1, DATE '2030-01-01', false)) AS p(id, v, day, gone)");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync("UPDATE t SET v = v + 1 WHERE id > 2000 AND random() < 0.01", stop.Token);

        var byKey = await BackfillAsync(lake, new BackfillSync("src_t", null, "400", "600"));
        Assert.Equal(("repaired", 1L, 0L, 1L, 200L, "keys from 400 before 600"), (byKey.Verdict, byKey.Missing, byKey.Extra, byKey.Changed, byKey.RowsSource, byKey.Scope));
        Assert.Equal(["10|-1", "500|500", "501|501", "9999|1"], await lake.Lake.QueryAsync("SELECT id, v FROM refined.src_t WHERE id IN (10, 500, 501, 9999) ORDER BY id"));
        Assert.Equal(["500", "501"], await lake.Lake.QueryAsync("SELECT id FROM raw.src_t WHERE \"_load_type\" = 'BATCH' AND \"_ingested_at\" > (SELECT min(\"_ingested_at\") FROM raw.src_t) ORDER BY id"));

        // Rows that are in the window on one side only count as well: 9999 is in the lake alone, 1050 has another day there.
        var byDay = await BackfillAsync(lake, new BackfillSync("src_t", "day", "2024-01-11", "2024-01-12"));
        Assert.Equal(("repaired", 0L, 1L, 1L), (byDay.Verdict, byDay.Missing, byDay.Extra, byDay.Changed));
        Assert.Equal(["10|-1", "1050|1050"], await lake.Lake.QueryAsync("SELECT id, v FROM refined.src_t WHERE id IN (10, 1050, 9999) ORDER BY id"));

        var rest = await BackfillAsync(lake, new BackfillSync("src_t", null, null, "11"));
        Assert.Equal(("repaired", 1L), (rest.Verdict, rest.Repaired));
        await stop.CancelAsync();
        await writing;
        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "public", "t"), await Canonical.LakeAsync(lake.Lake, "refined.src_t"));
        Assert.Null((await lake.Lake.Lake.SendAsync(new Contracts.Syncs.GetSyncStatus("src_t"))).VerifiedThrough);
    }

    [Fact]
    public async Task A_window_that_says_nothing_is_refused()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v jsonb); INSERT INTO t VALUES (1, '{}')");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await Assert.ThrowsAsync<InvalidInputException>(() => lake.Lake.Lake.SendAsync(new BackfillSync("src_t")));
        foreach (var (column, from, said) in new[] { ("w", "1", "no column 'w'"), (null, "many", "no value of 'id'") })
        {
            var ended = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(await lake.Lake.Lake.SendAsync(new BackfillSync("src_t", column, from))));
            Assert.Equal(("failed", "ingestion.reconciliation-not-possible"), (ended.State, ended.Error!.Code));
            Assert.Contains(said, ended.Error.Message, StringComparison.Ordinal);
        }
    }

    private static async Task<ReconciliationInfo> ReplayAsync(CaptureLake lake)
    {
        var found = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(await lake.Lake.Lake.SendAsync(new ReplayDeadLetters("src_t"))));
        Assert.True(found.State == "succeeded", found.Error?.Message);
        return found;
    }

    private static async Task<Exception> FailedAsync(CaptureLake lake)
    {
        var ended = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(await lake.Lake.Lake.SendAsync(new ReplayDeadLetters("src_t"))));
        return ended.Error?.Code == "ingestion.no-dead-letters" ? new NoDeadLettersException("src_t") : new InvalidOperationException($"{ended.State} {ended.Error?.Message}");
    }

    private static async Task<ReconciliationInfo> BackfillAsync(CaptureLake lake, BackfillSync window)
    {
        var found = await lake.Lake.Lake.SendAsync(new AwaitReconciliation(await lake.Lake.Lake.SendAsync(window)));
        Assert.True(found.State == "succeeded", found.Error?.Message);
        return found;
    }

    private static async Task<IEnumerable<string>> OpenAsync(CaptureLake lake) =>
        (await lake.Lake.Lake.SendAsync(new ListDeadLetters("src_t"))).Select(l => $"{l.Op} {l.Payload!["id"]} {l.Outcome ?? "-"}");

    private static async Task PlantAsync(CaptureLake lake, string rows)
    {
        Assert.True(TableIdentifier.TryParse("refined.src_t", out var table));
        await using var area = await lake.Lake.Lake.Services.GetRequiredService<ILakeWriter>().OpenStagingAsync(CancellationToken.None);
        _ = await area.MergeAsync(table, rows, ["id"], "gone", new Dictionary<string, string>(), CancellationToken.None);
    }
}
