using System.Text.Json.Nodes;
using LakePortal.Governance.Contracts.Audit;
using LakePortal.Governance.Contracts.Identity;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Portal.Tests.Support;

/// <summary>A small shop's lake as the modules would describe it.</summary>
internal sealed class SampleLake(DateTimeOffset now)
{
    public const string RunningRun = "0199a0000000700080000000000000a1";
    public const string FailedRun = "0199a0000000700080000000000000b2";
    public const string PipelineRun = "0199a0000000700080000000000000c3";

    public static FakeSender Arrange(FakeSender sender, DateTimeOffset now)
    {
        var lake = new SampleLake(now);
        return SampleCapture.Arrange(sender, now)
            .On<ListSources>(_ => lake.Sources).On<GetSource>(r => lake.Sources.FirstOrDefault(s => s.Name == r.Name) ?? throw new ObjectNotFoundException("source", r.Name))
            .On<TestConnection>(_ => lake.Connection(true)).On<DiscoverSource>(_ => lake.Discovered)
            .On<ListSyncs>(r => (IReadOnlyList<SyncSummary>)[.. lake.Syncs.Where(s => r.Source is null || s.Source == r.Source)])
            .On<GetSyncStatus>(r => new SampleCapture(now).Streaming.Tables.Any(t => t.Sync == r.Name) ? new SampleCapture(now).Status(r.Name) : lake.Status(r.Name)).On<GetSyncRun>(r => lake.SyncRun(r.RunId)).On<RunSync>(_ => RunningRun).On<SetSyncPaused>(_ => null).On<CancelSyncRun>(_ => null)
            .On<ListRuns>(r => (IReadOnlyList<RunInfo>)[.. lake.Runs.Where(x => (r.Filter.Kind is null || x.Kind == r.Filter.Kind) && (r.Filter.State is null || x.State == r.Filter.State) && (r.Filter.Name is null || x.Name == r.Filter.Name))])
            .On<GetRun>(r => lake.Runs.FirstOrDefault(x => x.Id == r.RunId) ?? throw new ObjectNotFoundException("run", r.RunId))
            .On<ReadRunLog>(r => (IReadOnlyList<RunLogLine>)[.. lake.Log.Where(l => l.Sequence > r.AfterSequence)])
            .On<ListPipelines>(_ => lake.Pipelines).On<GetPipeline>(_ => lake.Pipeline).On<ListPipelineRuns>(_ => lake.PipelineRuns)
            .On<GetPipelineRun>(_ => lake.PipelineRuns[0]).On<RunPipeline>(_ => PipelineRun).On<SetPipelinePaused>(_ => null)
            .On<ListTables>(_ => lake.Tables).On<GetTable>(r => lake.Table(r.Namespace, r.Name)).On<PreviewTable>(_ => lake.Answer(40))
            .On<ListTableFiles>(_ => lake.Files).On<ListTablePartitions>(_ => lake.Partitions).On<DropTable>(_ => null)
            .On<ExecuteQuery>(_ => lake.Answer(500)).On<GetQueryProgress>(_ => 42.0).On<CancelQuery>(_ => true)
            .On<ListActiveQueries>(_ => (IReadOnlyList<ActiveQuery>)[new("q7", "bo", "SELECT count(*) FROM refined.shop_orders", "running", now.AddSeconds(-12), 40)]).On<ListQueryHistory>(_ => lake.History).On<ListSavedQueries>(_ => lake.Saved).On<GetCompletions>(_ => lake.Completions)
            .On<ListDashboards>(_ => lake.Dashboards).On<GetDashboard>(_ => lake.Dashboard).On<RenderTile>(r => lake.Tile(r.Tile))
            .On<ListUsers>(_ => lake.Users).On<ListRoles>(_ => Roles).On<ListTokens>(_ => lake.Tokens).On<ListSecrets>(_ => lake.Secrets).On<ListAudit>(_ => lake.Audit)
            .On<CreateUser>(r => new OneTimePassword(r.Name, "plum-harbor-41-quiet")).On<SetSecret>(r => new SecretInfo(r.Name, 1, now, "ada")).On<DeleteObject>(_ => null)
            .On<GetPreferences>(_ => new UserPreferences("Europe/Berlin", "system")).On<SavePreferences>(_ => null)
            .On<ExportObject>(r => new ExportedObject($"kind: {r.Kind}\nname: {r.Name}\n", [])).On<ListObjects>(_ => (IReadOnlyList<string>)["shop"]).On<CountObjects>(_ => (IReadOnlyList<KindCount>)[new("source", 2), new("sync", 6), new("pipeline", 2)])
            .On<ApplyConfiguration>(_ => (IReadOnlyList<PlannedChange>)[new("source", "crm", ChangeAction.Create, []), new("sync", "crm_orders", ChangeAction.Create, ["mode: batch"])]);
    }

    public IReadOnlyList<SourceSummary> Sources =>
    [
        new("shop", "postgres", "127.0.0.1:5432/shop", "ok", null, now.AddMinutes(-2), 5, 1, now.AddMinutes(-4)),
        new("warehouse", "postgres", "wms.internal:5432/wms", "unreachable", "The server at wms.internal:5432 did not answer within 5 s.", now.AddMinutes(-1), 2, 0, now.AddHours(-31)),
    ];

    public IReadOnlyList<SyncSummary> Syncs =>
    [
        Sync("shop_orders", "shop", "public.orders", "running", null, Runs[0], 412_331),
        Sync("shop_order_items", "shop", "public.order_items", "idle", null, null, 1_204_882),
        Sync("shop_payments", "shop", "public.payments", "failed", "Column 'amount' changed its type from numeric(12,2) to text.", Runs[1], 398_220),
        Sync("shop_users", "shop", "public.users", "idle", null, null, 50_000),
        Sync("shop_devices", "shop", "public.devices", "paused", null, null, 12_400),
        Sync("warehouse_stock", "warehouse", "public.stock", "never-run", null, null, null),
    ];

    public IReadOnlyList<RunInfo> Runs =>
    [
        new(RunningRun, "sync", "shop_orders", RunState.Running, "schedule", "scheduler", null, now.AddSeconds(-42), now.AddSeconds(-40), null, new RunProgress("Reading public.orders", 268_400, 412_000, true, 48_300_000, 8_120), null, null),
        new(FailedRun, "sync", "shop_payments", RunState.Failed, "schedule", "scheduler", null, now.AddHours(-3), now.AddHours(-3), now.AddHours(-3).AddSeconds(4), null,
            new RunError("ingestion.column-changed", "Column 'amount' of public.payments changed its type from numeric(12,2) to text.", "Reload the table in full, or map the column in the sync."), null),
        new(PipelineRun, "pipeline", "sales_daily", RunState.Succeeded, "schedule", "scheduler", null, now.AddHours(-5), now.AddHours(-5), now.AddHours(-5).AddSeconds(34), new RunProgress("Done", 18_250, 18_250, false, 0, 0), null, new JsonObject { ["rows_written"] = 18250 }),
        new("0199a0000000700080000000000000d4", "sync", "shop_users", RunState.Succeeded, "manual", "ada", null, now.AddHours(-6), now.AddHours(-6), now.AddHours(-6).AddSeconds(2), new RunProgress("Done", 50_000, 50_000, false, 0, 0), null, null),
        new("0199a0000000700080000000000000e5", "pipeline", "sales_daily", RunState.Cancelled, "manual", "grace", null, now.AddHours(-9), now.AddHours(-9), now.AddHours(-9).AddSeconds(12), null, null, null),
    ];

    public IReadOnlyList<RunLogLine> Log =>
    [
        new(1, now.AddSeconds(-40), RunLogLevel.Information, null, "Run started by schedule, attempt 1."),
        new(2, now.AddSeconds(-39), RunLogLevel.Information, "orders", "Snapshot exported at 0/3A41C2F8; 4 chunks of about 103,000 rows."),
        new(3, now.AddSeconds(-31), RunLogLevel.Information, "orders", "Chunk 1 of 4: 103,120 rows, 18.4 MiB in 8.1 s."),
        new(4, now.AddSeconds(-22), RunLogLevel.Warning, "orders", "Chunk 2 of 4 was slow: the source answers at 6,100 rows/s."),
        new(5, now.AddSeconds(-12), RunLogLevel.Information, "orders", "Chunk 2 of 4: 103,004 rows, 18.3 MiB in 16.9 s."),
    ];

    public IReadOnlyList<TableSummary> Tables =>
    [
        new("curated", "customer_value", 48_120, 2_310_000, 1, now.AddHours(-5), 8, false),
        new("curated", "daily_sales", 730, 41_200, 1, now.AddHours(-5), 5, false),
        new("raw", "shop_orders", 1_804_220, 96_400_000, 12, now.AddMinutes(-4), 15, false),
        new("raw", "shop_payments", 398_220, 22_100_000, 3, now.AddHours(-26), 13, false),
        new("raw", "shop_users", 50_000, 4_400_000, 1, now.AddHours(-6), 17, false),
        new("refined", "shop_orders", 412_331, 21_800_000, 4, now.AddMinutes(-4), 9, false),
        new("refined", "shop_order_items", 1_204_882, 44_000_000, 6, now.AddHours(-1), 6, false),
        new("refined", "shop_users", 50_000, 4_100_000, 1, now.AddHours(-6), 11, false),
        new("refined", "warehouse_stock", null, null, null, null, 5, false),
        new("shared", "nyc_taxis", 2_964_624, 48_200_000, 8, now.AddDays(-40), 19, true),
    ];

    public IReadOnlyList<PipelineSummary> Pipelines =>
    [
        new("sales_daily", 5, "0 0 2 * * ?", "Europe/Berlin", [], false, [now.AddHours(9), now.AddHours(33), now.AddHours(57)], Runs[2], 33.4),
        new("user_features", 3, null, null, ["refined.shop_users"], true, [], null, null),
    ];

    public PipelineDetail Pipeline => new(Pipelines[0],
    [
        new("sync_orders", "sync", [], null, null, [], null, "shop_orders", 1, null),
        new("orders", "sql", ["sync_orders"], "refined.orders", "merge", ["order_id"], "SELECT order_id, user_id, status, amount, created_at\nFROM raw.shop_orders\nQUALIFY row_number() OVER (PARTITION BY order_id ORDER BY _position DESC) = 1", null, 3, 600),
        new("items", "sql", ["sync_orders"], "refined.items", "merge", ["item_id"], "SELECT * FROM raw.shop_order_items", null, 3, null),
        new("daily_sales", "sql", ["orders", "items"], "curated.daily_sales", "replace", [], "SELECT CAST(created_at AS DATE) AS day, sum(amount) AS revenue\nFROM refined.orders GROUP BY 1", null, 3, null),
        new("customer_value", "sql", ["orders"], "curated.customer_value", "replace", [], "SELECT user_id, sum(amount) AS value FROM refined.orders GROUP BY 1", null, 0, null),
    ],
    new Dictionary<string, string> { ["day"] = "{{ yesterday }}" });

    public IReadOnlyList<PipelineRunDetail> PipelineRuns => [.. Enumerable.Range(0, 14).Select(PipelineRunAt)];

    public IReadOnlyList<DashboardSummary> Dashboards => [new("sales", "Sales", "Revenue, orders and their states, day by day.", 4), new("customers", "Customers", "Lifetime value and cohorts.", 3)];

    public DashboardDetail Dashboard => new(Dashboards[0],
    [
        new("revenue_today", "Revenue yesterday", "number", "SELECT 48210.55 AS revenue", null, ["revenue"], null, "EUR", 3),
        new("by_status", "Orders by state", "pie", "SELECT status, count(*) AS orders FROM refined.orders GROUP BY 1", "status", ["orders"], null, null, 4),
        new("top", "Best categories", "bar", "SELECT category, revenue FROM curated.categories", "category", ["revenue"], null, "EUR", 5),
        new("revenue", "Revenue per day", "line", "SELECT day, revenue FROM curated.daily_sales ORDER BY 1", "day", ["revenue"], null, "EUR", 7),
        new("stacked", "Orders per day and state", "stacked-bar", "SELECT day, status, n FROM curated.daily_states", "day", ["n"], "status", null, 5),
    ]);

    public IReadOnlyList<UserInfo> Users =>
    [
        new("ada", ["admin"], false, false, now.AddDays(-30), now.AddMinutes(-3), null, 2),
        new("grace", ["operator", "analyst"], false, false, now.AddDays(-20), now.AddDays(-1), null, 0),
        new("linus", ["analyst"], false, true, now.AddHours(-1), null, now.AddMinutes(10), 0),
        new("old_job", ["application"], true, false, now.AddDays(-200), now.AddDays(-90), null, 0),
    ];

    public static IReadOnlyList<RoleInfo> Roles =>
    [
        new("admin", "May do everything.", true, [.. Permissions.All]), new("operator", "Runs sources, syncs and pipelines.", true, [Permissions.SyncsRun]),
        new("analyst", "Reads tables and writes SQL.", true, [Permissions.QueriesRun]), new("application", "Calls the API.", true, [Permissions.QueriesRun]),
    ];

    public IReadOnlyList<TokenInfo> Tokens =>
    [
        new("k7f2", "ada", "nightly export", now.AddDays(-10), now.AddDays(20), now.AddHours(-8), false), new("p9x1", "ada", "laptop", now.AddDays(-60), now.AddDays(-30), now.AddDays(-31), false),
        new("q1w3", "grace", "superset", now.AddDays(-9), now.AddDays(81), null, true),
    ];

    public IReadOnlyList<SecretInfo> Secrets => [new("shop-password", 2, now.AddDays(-3), "ada"), new("warehouse-password", 1, now.AddDays(-12), "grace")];

    public IReadOnlyList<AuditEntry> Audit =>
    [
        new(1042, now.AddMinutes(-1), "ada", "portal", "RunSync", "sync/shop_orders", "ok", null),
        new(1041, now.AddMinutes(-3), "linus", "api", "DropTable", "table/raw.shop_users", "denied", "permission-denied: tables.write"),
        new(1040, now.AddMinutes(-9), "grace", "cli", "ApplyConfiguration", "configuration", "failed", "invalid-input: line 4, column 3: unknown key 'modes', did you mean 'mode'?"),
    ];

    public IReadOnlyList<QueryHistoryEntry> History =>
        [new("q1", "ada", "SELECT status, count(*) FROM refined.shop_orders GROUP BY 1", "succeeded", now.AddMinutes(-12), 84, 4, null), new("q2", "ada", "SELEC 1", "failed", now.AddMinutes(-15), 2, null, "Syntax error")];

    public IReadOnlyList<SavedQuery> Saved => [new("orders_by_status", "How many orders are in which state", "SELECT status, count(*) AS orders\nFROM refined.shop_orders\nGROUP BY 1\nORDER BY 2 DESC", "ada", now.AddDays(-2))];

    public IReadOnlyList<CompletionTable> Completions => [.. Tables.Select(t => new CompletionTable($"{t.Namespace}.{t.Name}", [new("order_id", "BIGINT"), new("user_id", "BIGINT"), new("status", "VARCHAR"), new("amount", "DECIMAL(12,2)"), new("created_at", "TIMESTAMP WITH TIME ZONE")]))];

    public TableFiles Files => new(3,
    [
        new("file:///lake/refined/shop_orders/data/00001-7f3a.parquet", "data", "created_at_day=2026-05-01", 120_400, 8_100_000, 3),
        new("file:///lake/refined/shop_orders/data/00002-12bc.parquet", "data", "created_at_day=2026-05-02", 101_100, 6_900_000, 4),
        new("file:///lake/refined/shop_orders/data/00003-dele.parquet", "position deletes", "created_at_day=2026-05-01", 210, 12_000, 5),
    ]);

    public TablePartitions Partitions => new(2, [new("created_at_day=2026-05-01", 2, 120_190, 8_112_000, 1), new("created_at_day=2026-05-02", 1, 101_100, 6_900_000, 0)]);

    public IReadOnlyList<DiscoveredTable> Discovered =>
    [
        new("public", "orders", "table", 412_000, 61_000_000, ["order_id"], [new("order_id", "bigint", "long", false, false, null), new("updated_at", "timestamptz", "timestamptz", false, false, null), new("total", "numeric", "string", true, false, "numeric without a scale has no exact decimal type")], "batch", "large, and updated_at grows with every change"),
        new("public", "countries", "table", 249, 32_000, ["code"], [new("code", "text", "string", false, false, null)], "snapshot", "small reference table"),
        new("sales", "orders", "table", null, 9_000_000, [], [new("note", "text", "string", true, false, null)], "snapshot", "no key"),
        new("public", "sales", "view", null, 0, [], [new("day", "date", "date", true, false, null)], "snapshot", "a view has no log"),
    ];

    public ConnectionTest Connection(bool ok) => new(ok,
    [
        new("resolve", "ok", "127.0.0.1", null), new("connect", "ok", "TCP in 1 ms", null),
        ok ? new ConnectionStep("sign-in", "ok", "as lake", null) : new ConnectionStep("sign-in", "failed", "The password of user 'lake' is wrong.", "Check the password; passwords are case-sensitive."),
        new("database", ok ? "ok" : "skipped", null, null), new("read", ok ? "ok" : "skipped", null, null),
    ], ok ? "PostgreSQL 15.14" : null, 38);

    public SyncStatus Status(string name)
    {
        var summary = Syncs.FirstOrDefault(s => s.Name == name) ?? throw new ObjectNotFoundException("sync", name);
        return new SyncStatus(summary, "0/3A41C2F8", "0/3A41C2F8", "0/3A2FF010", 242, 1_180_000, "updated_at", "2026-05-04 10:12:09+00", ["order_id"],
            [new("order_id", "bigint", "long", null), new("amount", "numeric", "string", "numeric without a scale has no exact decimal type"), new("tags", "text[]", "list<string>", null)],
            summary.LastRun is null ? null : SyncRun(summary.LastRun.Id));
    }

    public SyncRunDetail SyncRun(string id) => new(Runs.First(r => r.Id == id), "batch", "0/3A41C2F8", "one-moment", 1,
    [
        new(1, "done", "order_id 1 … 103,120", 103_120, 19_300_000, "0/3A41C2F8", 8.1), new(2, "done", "order_id 103,121 … 206,240", 103_004, 19_200_000, "0/3A41C2F8", 16.9),
        new(3, "reading", "order_id 206,241 … 309,360", 62_276, 9_800_000, "0/3A41C2F8", 7.2), new(4, "waiting", "order_id 309,361 …", 0, 0, null, 0),
    ], null, null);

    public TableDetail Table(string ns, string name) => new(
        Tables.FirstOrDefault(t => t.Namespace == ns && t.Name == name) ?? throw new ObjectNotFoundException("table", $"{ns}.{name}"),
        new Guid("6e0b6c7e-2b8d-4d55-8d0c-3f6d1c0f2a11"), 2, $"file:///lake/{ns}/{name}", $"file:///lake/{ns}/{name}/metadata/00004.metadata.json",
        [new(1, "order_id", "long", true, "The order's number"), new(2, "user_id", "long", false, null), new(3, "status", "string", false, "NEW, PAID, SHIPPED, FAILED"), new(4, "amount", "decimal(12,2)", false, null), new(5, "created_at", "timestamptz", false, null)],
        ["order_id"], ["day(created_at)"], new Dictionary<string, string> { ["write.parquet.compression-codec"] = "zstd" },
        [
            new("7218893214011234567", "5212334411890012345", now.AddMinutes(-4), "overwrite", 4_210, 310, 412_331, 2, 1, new Dictionary<string, string> { ["lakeportal.position.shop_orders"] = "0/3A2FF010" }),
            new("5212334411890012345", null, now.AddHours(-5), "append", 408_431, 0, 408_431, 4, 0, new Dictionary<string, string>()),
        ],
        [new("main", "branch", "7218893214011234567"), new("audited", "tag", "5212334411890012345")],
        [new("Average file size", "warn", "5.2 MiB in 4 files", "32 MiB", "Compact the table."), new("Snapshots kept", "good", "2", "100", null)]);

    public QueryAnswer Answer(int rows) => new("q", [new("order_id", "BIGINT"), new("status", "VARCHAR"), new("amount", "DECIMAL(12,2)"), new("created_at", "TIMESTAMP WITH TIME ZONE"), new("note", "VARCHAR")],
        [.. Enumerable.Range(1, rows).Select(i => new JsonArray(100_000 + i, i % 3 == 0 ? "PAID" : "SHIPPED", JsonNode.Parse($"{i * 3 % 400}.{i % 90 + 10}"), $"2026-05-0{i % 9 + 1} 10:1{i % 10}:09+00", i % 5 == 0 ? null : "gift"))],
        rows >= 500, new QueryStatistics(84.2, rows, 12, 4, 21_800_000, new Dictionary<string, string> { ["refined.shop_orders"] = "7218893214011234567" }));

    public TileData Tile(string name) => new(name switch
    {
        "revenue_today" => Of(["revenue"], [[48210.55]]),
        "by_status" => Of(["status", "orders"], [["SHIPPED", 8_420], ["PAID", 2_310], ["NEW", 1_120], ["FAILED", 340]]),
        "top" => Of(["category", "revenue"], [["Garden", 88_120], ["Kitchen", 71_900], ["Sport", 66_400], ["Books", 31_050], ["Toys", 18_800]]),
        "revenue" => Of(["day", "revenue"], [.. Enumerable.Range(0, 30).Select(i => new object[] { $"2026-05-{i + 1:00}", 31_000 + (i * 7919 % 17) * 1400 + i * 320 })]),
        _ => Of(["day", "status", "n"], [.. Enumerable.Range(0, 10).SelectMany(i => new object[][] { [$"05-{i + 1:00}", "SHIPPED", 200 + i * 31 % 90], [$"05-{i + 1:00}", "PAID", 80 + i * 17 % 60], [$"05-{i + 1:00}", "FAILED", 5 + i * 7 % 20] })]),
    }, now.AddHours(-5));

    private static QueryAnswer Of(string[] columns, object[][] rows) => new("q", [.. columns.Select(c => new QueryColumn(c, "VARCHAR"))],
        [.. rows.Select(r => new JsonArray([.. r.Select(v => JsonValue.Create(v))]))], false, new QueryStatistics(1, rows.Length, 0, 0, 0, new Dictionary<string, string>()));

    private SyncSummary Sync(string name, string source, string table, string state, string? reason, RunInfo? run, long? rows) => new(
        name, source, table, "batch", state, reason, $"raw.{name}", $"refined.{name}", "0 */15 * * * ?", state == "paused" ? null : now.AddMinutes(11), rows is null ? null : now.AddMinutes(-4), rows * 3, rows, run);

    private PipelineRunDetail PipelineRunAt(int i)
    {
        var started = now.AddHours(-5 - 24 * i);
        var failed = i is 4 or 9;
        var run = Runs[2] with { Id = i == 0 ? PipelineRun : $"0199a00000007000800000000000{i:x4}", State = failed ? RunState.Failed : RunState.Succeeded, StartedAt = started, FinishedAt = started.AddSeconds(30 + i * 7 % 19) };
        TaskRun Task(string name, string type, int from, int seconds, string state, string? target, params TableSnapshot[] inputs) => new(
            name, type, state, 1, state == "skipped" ? null : started.AddSeconds(from), state == "skipped" ? null : started.AddSeconds(from + seconds), state == "succeeded" ? 1_200 * (i + 1) : null, null, target, 7218893214011234567, inputs,
            state == "failed" ? new RunError("processing.sql-failed", "Column 'amout' does not exist.", "Did you mean 'amount'?") : null, null);
        return new PipelineRunDetail(run, new Dictionary<string, string> { ["day"] = "2026-05-03" }, null, null,
        [
            Task("sync_orders", "sync", 0, 9, "succeeded", null), Task("orders", "sql", 9, 8, failed ? "failed" : "succeeded", "refined.orders", new TableSnapshot("raw.shop_orders", 5212334411890012345)),
            Task("items", "sql", 9, 12, "succeeded", "refined.items"), Task("daily_sales", "sql", 21, 9, failed ? "skipped" : "succeeded", "curated.daily_sales"),
            Task("customer_value", "sql", 17, 6, failed ? "skipped" : "succeeded", "curated.customer_value"),
        ]);
    }
}
