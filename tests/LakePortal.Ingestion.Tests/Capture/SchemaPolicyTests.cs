using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Kernel.Errors;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>What becomes of a table whose columns change in the source, by its document.</summary>
[Collection(PostgresTests.Name)]
public sealed class SchemaPolicyTests(PostgresServer server)
{
    private const string Tables = "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 50) i; CREATE TABLE o (id int PRIMARY KEY); INSERT INTO o VALUES (1)";

    [Theory]
    [InlineData("ALTER TABLE t ADD COLUMN note text; INSERT INTO t VALUES (100, 1, 'x')", "note is new")]
    [InlineData("ALTER TABLE t ADD COLUMN note text DEFAULT 'x'", "note is new")]
    [InlineData("ALTER TABLE t RENAME v TO w; UPDATE t SET w = 0 WHERE id = 1", "v is called w")]
    [InlineData("ALTER TABLE t DROP COLUMN v; DELETE FROM t WHERE id = 1", "v is gone")]
    [InlineData("ALTER TABLE t ALTER v TYPE bigint; UPDATE t SET v = 5000000000 WHERE id = 1", "v was int and is long (bigint)")]
    [InlineData("ALTER TABLE t ALTER v TYPE text; INSERT INTO t VALUES (100, 'x')", "v was int and is string (text)")]
    [InlineData("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v int, w int); INSERT INTO t VALUES (1, 2, 3)", "w is new")]
    public async Task A_table_that_holds_changes_waits_for_somebody_and_the_others_go_on(string change, string reason)
    {
        await using var lake = await StreamingAsync("hold");
        await lake.ExecuteAsync(change);
        await HeldAsync(lake, reason);
        await lake.ExecuteAsync("INSERT INTO o VALUES (2)");
        await lake.EqualAsync("o");
        Assert.Equal(["50"], await lake.Lake.QueryAsync("SELECT count(*)::text FROM refined.src_t"));
        Assert.Equal("int", await Canonical.TypeAsync(lake.Lake, "refined.src_t", "v"));

        // What starts by itself takes nothing over.
        _ = await lake.Lake.Lake.SendAsync(new RestartCapture("src_t"));
        await HeldAsync(lake, reason);

        await lake.BootstrapAsync("src_t");
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("INSERT INTO t (id) VALUES (200)");
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task A_frozen_table_leaves_new_columns_out_and_goes_on()
    {
        await using var lake = await StreamingAsync("freeze");
        await lake.ExecuteAsync("INSERT INTO t VALUES (99, 1)");
        await lake.CaughtUpAsync();
        await lake.ExecuteAsync("ALTER TABLE t ADD COLUMN note text; ALTER TABLE t ADD COLUMN filled int DEFAULT 7; INSERT INTO t VALUES (100, 1, 'x', 8); UPDATE t SET v = -1, note = 'y' WHERE id = 1; DELETE FROM t WHERE id = 2");
        await SameAsync(lake);
        Assert.Contains(await lake.EventsAsync(), e => e.Contains("the new column note is left out", StringComparison.Ordinal));
        Assert.Equal("equal", (await lake.ReconcileAsync("src_t")).Verdict);
        Assert.Equal("equal", (await lake.ReconcileAsync("src_t", method: "rolling")).Verdict);

        await using var next = await lake.AgainAsync();
        await next.StreamingAsync("src_t");
        await next.ExecuteAsync("INSERT INTO t VALUES (101, 1, 'x', 8)");
        await SameAsync(next);
        await next.BootstrapAsync("src_t");
        await next.StreamingAsync("src_t");
        await next.ExecuteAsync("INSERT INTO t VALUES (102, 1, 'x', 8)");
        await SameAsync(next);
    }

    [Theory]
    [InlineData("ALTER TABLE t RENAME v TO w; UPDATE t SET w = 0 WHERE id = 1", "v is called w")]
    [InlineData("ALTER TABLE t DROP COLUMN v; DELETE FROM t WHERE id = 1", "v is gone")]
    [InlineData("ALTER TABLE t ALTER v TYPE bigint; UPDATE t SET v = 5000000000 WHERE id = 1", "v was int and is long (bigint)")]
    public async Task A_frozen_table_is_held_when_its_own_columns_change(string change, string reason)
    {
        await using var lake = await StreamingAsync("freeze");
        await lake.ExecuteAsync(change);
        await HeldAsync(lake, reason);
        await lake.BootstrapAsync("src_t");
        await lake.StreamingAsync("src_t");
        await lake.ExecuteAsync("INSERT INTO t (id) VALUES (200)");
        await lake.EqualAsync("t");
    }

    [Theory]
    [InlineData("mode: bootstrap+cdc\nschema: frezee", "There is no schema policy 'frezee'.")]
    [InlineData("mode: batch\nschema: hold", "does not follow its changes")]
    public async Task A_policy_that_cannot_be_is_refused(string document, string message)
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync(Tables);
        var refused = await Assert.ThrowsAnyAsync<LakePortalException>(() => lake.Lake.SyncAsync("public.t", document));
        Assert.Contains(refused.Faults, f => f.Message.Contains(message, StringComparison.Ordinal));
    }

    private async Task<CaptureLake> StreamingAsync(string policy)
    {
        var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync(Tables);
        await lake.Lake.SyncAsync("\"public.*\"", $"mode: bootstrap+cdc\nschema: {policy}");
        await lake.StreamingAsync("src_t");
        await lake.StreamingAsync("src_o");
        return lake;
    }

    private static Task HeldAsync(CaptureLake lake, string reason) => lake.UntilAsync(
        async () => await lake.Store.FindTableAsync("src_t", CancellationToken.None) is { State: CaptureStates.Held } row && row.Reason!.Contains(reason, StringComparison.Ordinal), $"held because {reason}");

    /// <summary>The columns that the lake has are as the source's.</summary>
    private static async Task SameAsync(CaptureLake lake)
    {
        var expected = await lake.AskSourceAsync("SELECT id || ':' || v FROM t ORDER BY id");
        await lake.UntilAsync(async () => expected.SequenceEqual(await lake.Lake.QueryAsync("SELECT concat(id, ':', v) FROM refined.src_t ORDER BY id")), "the columns that the lake has are equal");
        await Assert.ThrowsAnyAsync<LakePortalException>(() => lake.Lake.QueryAsync("SELECT note FROM refined.src_t"));
    }
}
