using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Reconciliation;

[Collection(PostgresTests.Name)]
public sealed class SpecialTableTests(PostgresServer server)
{
    [Fact]
    public async Task An_empty_table_is_equal()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text)");

        await lake.EqualAsync("src_t", 0);
    }

    [Fact]
    public async Task A_table_that_became_empty_has_only_extra_rows_and_a_repair_empties_the_lakes()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, i FROM generate_series(1, 100) i");
        await lake.ExecuteAsync("DELETE FROM t");

        var result = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal(("repaired", 100L, 100L), (result.Verdict, result.Extra, result.Repaired));
        Assert.Equal("0", await lake.ScalarAsync("SELECT count(*) FROM refined.src_t"));
    }

    [Fact]
    public async Task A_partitioned_source_is_compared_as_one_table()
    {
        await using var lake = await StartAsync(
            """
            CREATE TABLE t (id int, at date, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE t_2024 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
            CREATE TABLE t_rest PARTITION OF t DEFAULT;
            INSERT INTO t SELECT i, date '2024-06-01' + i % 700, 'v' FROM generate_series(1, 3000) i
            """);
        await lake.EqualAsync("src_t", 3000);
        await lake.ExecuteAsync("UPDATE t SET at = date '2030-01-01' WHERE id = 5");

        var result = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal(("repaired", 1L, 1L), (result.Verdict, result.Missing, result.Extra));
    }

    [Fact]
    public async Task Rows_without_a_key_are_compared_as_a_bag()
    {
        await using var lake = await StartAsync("CREATE TABLE t (a int, b text); INSERT INTO t SELECT i % 10, 'x' FROM generate_series(1, 1000) i");
        await lake.EqualAsync("src_t", 1000);
        await lake.ExecuteAsync("INSERT INTO t VALUES (3, 'x'), (3, 'x'), (77, NULL); DELETE FROM t WHERE a = 4");

        var result = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal(("different", 3L, 100L, 0L), (result.Verdict, result.Missing, result.Extra, result.Changed));
        Assert.Contains(result.Notes, n => n.Contains("--mode full", StringComparison.Ordinal));
        Assert.Equal(["extra 4", "missing 3", "missing 77"], (await lake.DifferencesAsync(result.Id)).Select(d => $"{d.Kind} {(d.Source ?? d.Lake)!["a"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_huge_text_is_compared_whole_and_shown_in_part()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat('ä', 20000000) FROM generate_series(1, 3) i");
        await lake.EqualAsync("src_t", 3);
        await lake.ExecuteAsync("UPDATE t SET v = repeat('ä', 19999999) || 'a' WHERE id = 2");

        var result = await lake.ReconcileAsync("src_t");

        var row = Assert.Single(await lake.DifferencesAsync(result.Id));
        Assert.EndsWith("(20000000 characters)", (string?)row.Source!["v"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_the_lakes_type_cannot_hold_is_a_loss_and_other_rows_are_still_compared()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v numeric(9,2), at timestamp); INSERT INTO t SELECT i, i, '2024-01-01' FROM generate_series(1, 50) i");
        await lake.ExecuteAsync("UPDATE t SET v = 'NaN' WHERE id = 7; UPDATE t SET at = 'infinity' WHERE id = 8; UPDATE t SET v = 1.5 WHERE id = 9");

        var result = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal(("different", 3L, 2L, 1L), (result.Verdict, result.Changed, result.TypeLoss, result.Repaired));
        Assert.Equal(["7 type-loss v False", "8 type-loss at False", "9 changed v True"], (await lake.DifferencesAsync(result.Id)).Select(d => $"{d.Key!["id"]} {d.Kind} {string.Join(',', d.Columns)} {d.Repaired}"));
    }

    [Fact]
    public async Task A_column_that_a_value_made_text_is_compared_as_text()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v numeric(9,2)); INSERT INTO t VALUES (1, 'NaN'), (2, 1.50)");

        await lake.EqualAsync("src_t", 2);
    }

    [Fact]
    public async Task A_column_that_is_new_in_the_source_counts_as_nulls_in_the_lake()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10)");
        await lake.ExecuteAsync("ALTER TABLE t ADD COLUMN extra text; UPDATE t SET extra = 'e' WHERE id = 3");

        var found = await lake.ReconcileAsync("src_t");
        var repaired = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal(1, found.Changed);
        Assert.Contains(found.Notes, n => n.Contains("no column extra yet", StringComparison.Ordinal));
        Assert.Equal("repaired", repaired.Verdict);
        Assert.Equal("e", await lake.ScalarAsync("SELECT extra FROM refined.src_t WHERE id = 3"));
    }

    [Fact]
    public async Task Hashed_columns_are_compared_by_their_hashes()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, email text); INSERT INTO t SELECT i, i || '@x' FROM generate_series(1, 100) i", "columns: {hash: [email], hash_salt: \"pepper\"}");
        await lake.EqualAsync("src_t", 100);
        await lake.ExecuteAsync("UPDATE t SET email = 'other' WHERE id = 50");

        var result = await lake.ReconcileAsync("src_t");

        var row = Assert.Single(await lake.DifferencesAsync(result.Id));
        Assert.DoesNotContain("other", row.Source!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sample_compares_some_ranges_and_verifies_nothing()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, i FROM generate_series(1, 20000) i");

        var result = await lake.ReconcileAsync("src_t", sample: 2000);

        Assert.Equal("equal", result.Verdict);
        Assert.InRange(result.RowsSource!.Value, 500, 6000);
        Assert.Null((await lake.Lake.SendAsync(new GetSyncStatus("src_t"))).VerifiedThrough);
        var whole = await lake.ReconcileAsync("src_t");
        Assert.Equal(whole.Position, (await lake.Lake.SendAsync(new GetSyncStatus("src_t"))).VerifiedThrough);
    }

    [Fact]
    public async Task A_large_table_is_compared_in_parts_of_their_own_moments()
    {
        await using var lake = await IngestionLake.StartAsync(server, settings: new Dictionary<string, string?> { ["Reconciliation:PartRows"] = "2000", ["Reconciliation:LongestSnapshot"] = "00:00:00" });
        await LoadAsync(lake, "CREATE TABLE t (id bigint PRIMARY KEY, v text); INSERT INTO t SELECT i, i FROM generate_series(1, 10000) i", "");
        await lake.EqualAsync("src_t", 10_000);
        await lake.ExecuteAsync("DELETE FROM t WHERE id IN (1, 5000, 10000)");

        var result = await lake.ReconcileAsync("src_t", repair: true);

        Assert.Equal(("repaired", 3L, 3L), (result.Verdict, result.Extra, result.Repaired));
        Assert.Equal(3, (await lake.DifferencesAsync(result.Id)).Count);
    }

    [Fact]
    public async Task A_sync_that_was_never_loaded_and_an_unknown_method_are_refused_with_a_reason()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        await lake.SyncAsync("public.t");

        var id = await lake.Lake.SendAsync(new StartReconciliation("src_t"));
        var result = await lake.Lake.SendAsync(new AwaitReconciliation(id));

        Assert.Equal(("failed", "ingestion.nothing-to-reconcile"), (result.State, result.Error?.Code));
        await Assert.ThrowsAsync<ReconciliationNotPossibleException>(() => lake.Lake.SendAsync(new StartReconciliation("src_t", Method: "rolling")));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => lake.Lake.SendAsync(new StartReconciliation("nothing")));
    }

    private async Task<IngestionLake> StartAsync(string sql, string extra = "")
    {
        var lake = await IngestionLake.StartAsync(server);
        await LoadAsync(lake, sql, extra);
        return lake;
    }

    private static async Task LoadAsync(IngestionLake lake, string sql, string extra)
    {
        await lake.ExecuteAsync(sql);
        await lake.SyncAsync("public.t", extra);
        await lake.SucceedAsync("src_t");
    }
}
