using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Reconciliation;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Kernel.Identity;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.Reconciliation;

/// <summary>Runs that are cancelled, interrupted or overtaken, and who may see their rows.</summary>
[Collection(PostgresTests.Name)]
public sealed class ReconciliationLifeTests(PostgresServer server)
{
    [Fact]
    public async Task A_cancelled_run_ends_soon_leaves_no_tag_and_the_next_one_compares_all()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 100000) i");

        var id = await lake.Lake.SendAsync(new StartReconciliation("src_t"));
        await lake.Lake.SendAsync(new CancelReconciliation(id));
        var result = await lake.Lake.SendAsync(new AwaitReconciliation(id));

        Assert.Equal("cancelled", result.State);
        Assert.Empty(await TagsAsync(lake));
        await lake.EqualAsync("src_t", 100_000);
    }

    [Fact]
    public async Task A_second_start_while_one_runs_returns_that_one()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 50000) i");

        var first = await lake.Lake.SendAsync(new StartReconciliation("src_t"));
        var second = await lake.Lake.SendAsync(new StartReconciliation("src_t"));

        Assert.Equal(first, second);
        Assert.Equal("equal", (await lake.Lake.SendAsync(new AwaitReconciliation(first))).Verdict);
    }

    [Fact]
    public async Task What_a_stopped_process_left_is_interrupted_and_its_tag_goes_at_the_next_start()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        var run = await lake.Runs.CreateAsync("reconcile", "src_t", "manual", "tester", null, CancellationToken.None);
        await lake.Runs.StartAsync(run.Id, CancellationToken.None);
        var store = lake.Lake.Services.GetRequiredService<ReconciliationStore>();
        await store.BeginAsync(
            new ReconciliationRow { RunId = run.Id, Sync = "src_t", Refined = "refined.src_t", Method = "snapshot", Repair = false, Finished = false, Notes = "[]", StartedAt = DateTimeOffset.UnixEpoch }, CancellationToken.None);
        Assert.True(TableIdentifier.TryParse("refined.src_t", out var refined));
        var table = await lake.Catalog.LoadAsync(refined, CancellationToken.None);
        await lake.Lake.Services.GetRequiredService<SnapshotTags>().AddAsync(refined, run.Id, 0, table.Metadata.CurrentSnapshotId!.Value, CancellationToken.None);
        Assert.Equal([$"recon/{run.Id}"], await TagsAsync(lake));

        await lake.Runs.CloseInterruptedAsync(CancellationToken.None);
        await lake.Lake.Services.GetRequiredService<ReconciliationRunner>().CloseInterruptedAsync(CancellationToken.None);

        Assert.Empty(await TagsAsync(lake));
        Assert.Equal("interrupted", (await lake.Lake.SendAsync(new GetReconciliation(run.Id))).State);
        await lake.EqualAsync("src_t", 1);
    }

    [Fact]
    public async Task A_repair_that_a_newer_load_has_overtaken_writes_nothing()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        Assert.True(TableIdentifier.TryParse("refined.src_t", out var refined));
        var compared = (await lake.Catalog.LoadAsync(refined, CancellationToken.None)).Metadata.CurrentSnapshotId!.Value;
        await lake.SucceedAsync("src_t");
        var newer = (await lake.Catalog.LoadAsync(refined, CancellationToken.None)).Metadata.CurrentSnapshotId;
        await using var area = await lake.Lake.Services.GetRequiredService<ILakeWriter>().OpenStagingAsync(CancellationToken.None);
        var sync = Ingestion.Syncs.SyncResolver.Read("src_t", (await lake.Lake.Services.GetRequiredService<Ingestion.Syncs.SyncStore>().GetAsync("src_t", CancellationToken.None)).Document);
        var landing = lake.Lake.Services.GetServices<IRepairLanding>().Last(l => l.Serves(sync));

        await Assert.ThrowsAsync<RepairOutdatedException>(() => landing.ApplyAsync(
            new RepairRows(sync, "run", area, area.Connection, new TablePlan([]), null!, ["id"], "rows", "gone", "0/1", DateTimeOffset.UnixEpoch, new LakeMoment(compared, "0/1")), CancellationToken.None));

        Assert.Equal(newer, (await lake.Catalog.LoadAsync(refined, CancellationToken.None)).Metadata.CurrentSnapshotId);
    }

    [Fact]
    public async Task Only_the_newest_runs_are_kept_and_none_of_a_sync_that_was_deleted()
    {
        await using var lake = await IngestionLake.StartAsync(server, settings: new Dictionary<string, string?> { ["Reconciliation:KeepRuns"] = "2" });
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await lake.ReconcileAsync("src_t")).Id);
        }

        var kept = await lake.Lake.SendAsync(new ListReconciliations("src_t"));
        await lake.Lake.SendAsync(new LakePortal.Kernel.Configuration.DeleteObject("sync", "src_t"));

        Assert.Equal([ids[2], ids[1]], kept.Select(r => r.Id));
        Assert.Empty(await lake.Lake.SendAsync(new ListReconciliations()));
    }

    [Fact]
    public async Task Losing_every_connection_in_the_middle_is_followed_by_another_attempt()
    {
        await using var lake = await StartAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat(md5(i::text), 60) FROM generate_series(1, 100000) i");
        var id = await lake.Lake.SendAsync(new StartReconciliation("src_t"));
        var killed = "0";
        while (killed == "0" && (await lake.Lake.SendAsync(new GetReconciliation(id))).State is "queued" or "running")
        {
            await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString(lake.Database));
            await connection.OpenAsync();
            await using var kill = new Npgsql.NpgsqlCommand(
                "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lakeportal' AND query LIKE 'COPY %' AND state = 'active' AND pid <> pg_backend_pid()", connection);
            killed = (string)(await kill.ExecuteScalarAsync())!;
        }

        var result = await lake.Lake.SendAsync(new AwaitReconciliation(id));

        Assert.NotEqual("0", killed);
        Assert.Equal(("succeeded", "equal", 100_000L), (result.State, result.Verdict, result.RowsSource));
        Assert.Contains(await lake.Runs.ReadLogAsync(id, 0, 100, CancellationToken.None), l => l.Message.StartsWith("Attempt 1 broke", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Masked_columns_are_left_out_of_rows_and_who_may_not_read_the_table_sees_no_values()
    {
        var policy = new Policy();
        await using var lake = await IngestionLake.StartAsync(server, configure: services => services.AddSingleton<IQueryAuthorizer>(policy));
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, secret text); INSERT INTO t VALUES (1, 'before')");
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("UPDATE t SET secret = 'after'");
        var id = (await lake.ReconcileAsync("src_t")).Id;

        var open = Assert.Single(await lake.DifferencesAsync(id));
        policy.Restriction = new TableRestriction(null, new Dictionary<string, string> { ["secret"] = "'***'" });
        var masked = Assert.Single(await lake.DifferencesAsync(id));
        policy.Restriction = new TableRestriction("id = 2", new Dictionary<string, string>());
        var filtered = Assert.Single(await lake.DifferencesAsync(id));
        policy.Allowed = false;
        var denied = Assert.Single(await lake.DifferencesAsync(id));

        Assert.Equal(("after", "before", false), ((string?)open.Source!["secret"], (string?)open.Lake!["secret"], open.Hidden));
        Assert.Equal(("1", false, false, true), ((string?)masked.Key!["id"], masked.Source!.ContainsKey("secret"), masked.Lake!.ContainsKey("secret"), masked.Hidden));
        Assert.Equal((null, null, true), (filtered.Source, filtered.Key, filtered.Hidden));
        Assert.Equal((null, null, true), (denied.Lake, denied.Key, denied.Hidden));
    }

    private async Task<IngestionLake> StartAsync(string sql)
    {
        var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(sql);
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        return lake;
    }

    private static async Task<IReadOnlyList<string>> TagsAsync(IngestionLake lake)
    {
        Assert.True(TableIdentifier.TryParse("refined.src_t", out var refined));
        return [.. (await lake.Catalog.LoadAsync(refined, CancellationToken.None)).Metadata.Refs.Keys.Where(r => r.StartsWith("recon/", StringComparison.Ordinal))];
    }

    private sealed class Policy : IQueryAuthorizer
    {
        public bool Allowed { get; set; } = true;

        public TableRestriction? Restriction { get; set; }

        public Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken) => Task.FromResult(new AccessDecision(
            Allowed, Allowed ? null : "no", Restriction is { } r ? tables.ToDictionary(t => t.Table, _ => r) : new Dictionary<TableIdentifier, TableRestriction>()));

        public Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken) => Task.FromResult(tables);
    }
}
