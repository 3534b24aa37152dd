using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Sources;

[Collection(PostgresTests.Name)]
public sealed class SourceTests(PostgresServer server)
{
    [Fact]
    public async Task A_good_connection_passes_all_steps()
    {
        await using var lake = await IngestionLake.StartAsync(server);

        var test = await lake.Lake.SendAsync(new TestConnection(lake.SourceJson()));

        Assert.True(test.Ok, string.Join('\n', test.Steps));
        Assert.Equal(["resolve", "connect", "sign-in", "database", "read", "follow"], test.Steps.Select(s => s.Name));
        Assert.NotNull(test.ServerVersion);
    }

    [Theory]
    [InlineData("host", "no.such.host.invalid", "resolve", "cannot be resolved")]
    [InlineData("port", 1, "connect", "refuses connections")]
    [InlineData("database", "nowhere", "database", "no database 'nowhere'")]
    [InlineData("username", "nobody_here", "sign-in", "nobody_here")]
    [InlineData("sslmode", "require", "sign-in", "TLS")]
    public async Task A_bad_connection_says_where_and_why(string key, object value, string step, string reason)
    {
        await using var lake = await IngestionLake.StartAsync(server);
        var source = lake.SourceJson();
        source[key] = JsonValue.Create(value);

        var test = await lake.Lake.SendAsync(new TestConnection(source));

        Assert.False(test.Ok);
        var failed = test.Steps.Single(s => s.State == "failed");
        Assert.Equal(step, failed.Name);
        Assert.Contains(reason, failed.Message, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(failed.Hint);
    }

    [Fact]
    public async Task A_user_without_privileges_is_told_what_to_grant()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync($"CREATE ROLE \"r{lake.Database}\" LOGIN; CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
        var source = lake.SourceJson();
        source["username"] = $"r{lake.Database}";

        var test = await lake.Lake.SendAsync(new TestConnection(source));

        Assert.Contains("GRANT USAGE ON SCHEMA \"s\"", test.Steps.Single(s => s.State == "failed").Hint, StringComparison.Ordinal);
        var table = (await lake.Lake.SendAsync(new DiscoverSource(source))).Single();
        Assert.Contains("GRANT", table.SuggestedReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Discovery_shows_keys_types_sizes_and_kinds()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE DOMAIN money_amount AS numeric(12,2);
            CREATE TABLE a (x int NOT NULL, y text NOT NULL, z money_amount, n numeric, g int GENERATED ALWAYS AS (x + 1) STORED, UNIQUE (y), UNIQUE (x, y));
            INSERT INTO a SELECT i, 'y' || i FROM generate_series(1, 1000) i; ANALYZE a;
            CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
            CREATE VIEW v AS SELECT 1 AS one; CREATE MATERIALIZED VIEW m AS SELECT 1 AS one
            """);

        var tables = await lake.Lake.SendAsync(new DiscoverSource(lake.SourceJson()));

        Assert.Equal(["a:table", "m:materialized view", "p:partitioned table", "v:view"], tables.Select(t => $"{t.Name}:{t.Kind}"));
        var a = tables[0];
        Assert.Equal(["y"], a.Key);
        Assert.Equal(1000, a.Rows);
        Assert.True(a.Bytes > 0);
        Assert.Equal(["int", "string", "decimal(12,2)", "string", "int"], a.Columns.Select(c => c.LakeType));
        Assert.Equal([false, false, false, false, true], a.Columns.Select(c => c.IsGenerated));
        Assert.Contains("any number", a.Columns[3].Note, StringComparison.Ordinal);
        Assert.Equal("snapshot", a.SuggestedMode);
    }

    [Fact]
    public async Task A_table_whose_rows_change_often_is_suggested_to_be_followed_unless_the_server_does_not_allow_it()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync($"CREATE ROLE \"r{lake.Database}\" LOGIN; CREATE TABLE busy (id int PRIMARY KEY, n int); GRANT SELECT ON busy TO \"r{lake.Database}\"; INSERT INTO busy SELECT i, 0 FROM generate_series(1, 1000) i");
        await lake.ExecuteAsync("UPDATE busy SET n = n + 1; UPDATE busy SET n = n + 1; ANALYZE busy");
        var plain = lake.SourceJson();
        plain["username"] = $"r{lake.Database}";

        // A session's statistics are seen shortly after it has ended.
        var follow = (await lake.Lake.SendAsync(new DiscoverSource(lake.SourceJson()))).Single();
        for (var wait = 0; wait < 100 && follow.SuggestedMode == "snapshot"; wait++)
        {
            await Task.Delay(100);
            follow = (await lake.Lake.SendAsync(new DiscoverSource(lake.SourceJson()))).Single();
        }

        var refused = (await lake.Lake.SendAsync(new DiscoverSource(plain))).Single();
        var test = await lake.Lake.SendAsync(new TestConnection(plain));

        Assert.Equal("bootstrap+cdc", follow.SuggestedMode);
        Assert.Equal("batch", refused.SuggestedMode);
        Assert.Contains("may not replicate", refused.SuggestedReason, StringComparison.Ordinal);
        Assert.True(test.Ok);
        Assert.Equal($"ALTER ROLE \"r{lake.Database}\" REPLICATION;", test.Steps.Single(s => s.State == "warn").Hint);
    }

    [Fact]
    public async Task Documents_round_trip_and_apply_twice_changes_nothing()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE payments (id int PRIMARY KEY); CREATE VIEW seen AS SELECT 1 AS one");
        const string Sync = "mode: batch\nname: \"shop_{table}\"\nschedule: \"0 */15 * * * ?\"\npartition_by: [\"bucket(4, id)\"]\ncolumns: {exclude: [secret]}";

        var first = await lake.SyncAsync("\"public.*\"", Sync);
        var second = await lake.SyncAsync("\"public.*\"", Sync);

        Assert.Equal(["source/src", "sync/shop_orders", "sync/shop_payments"], first.Select(c => $"{c.Kind}/{c.Name}"));
        Assert.All(second, c => Assert.Equal(ChangeAction.Unchanged, c.Action));
        var exported = (await lake.Lake.SendAsync(new ExportObject("sync", "shop_orders"))).Content;
        Assert.Equal("public.orders", (string)exported["tables"]![0]!);
        Assert.Equal("never-run", (await lake.Lake.SendAsync(new ListSyncs()))[0].State);
    }

    [Theory]
    [InlineData("public.t", "mode: cdcc", "cdc")]
    [InlineData("public.t", "mode: snaphsot", "snapshot")]
    [InlineData("t", "", "public.t")]
    [InlineData("public.t", "schedule: \"* * *\"", "ields")]
    [InlineData("public.t", "colums: {}", "columns")]
    [InlineData("\"nowhere.*\"", "", "views")]
    [InlineData("public.a, public.b", "name: one", "{table}")]
    [InlineData("public.t", "partition_by: [\"day created_at)\"]", "day(c)")]
    public async Task A_wrong_document_says_what_would_be_right(string tables, string extra, string hint)
    {
        await using var lake = await IngestionLake.StartAsync(server);

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync(tables, extra));

        Assert.Contains(error.Faults, f => (f.Hint + f.Message).Contains(hint, StringComparison.Ordinal));
        Assert.All(error.Faults, f => Assert.StartsWith("test.yaml:", f.Path, StringComparison.Ordinal));
        Assert.Empty(await lake.Lake.SendAsync(new ListSources()));
    }

    [Theory]
    [InlineData("hunter2")]
    [InlineData("${secret:db} and more")]
    [InlineData("$secret:db")]
    public async Task A_password_in_clear_is_refused_and_not_repeated(string password)
    {
        await using var lake = await IngestionLake.StartAsync(server);

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync(lake.SourceYaml($"password: '{password}'")));

        var fault = Assert.Single(error.Faults);
        Assert.Contains("not stored in clear", fault.Message, StringComparison.Ordinal);
        Assert.Contains("${secret:", fault.Hint, StringComparison.Ordinal);
        Assert.Equal("test.yaml:8:1", fault.Path);
        Assert.DoesNotContain(password, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(await lake.Lake.SendAsync(new ListSources()));
        await lake.ApplyAsync(lake.SourceYaml("password: ${env:LAKEPORTAL_TEST_PASSWORD}"));
    }
}
