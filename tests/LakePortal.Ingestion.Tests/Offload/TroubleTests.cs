using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Tables that are odd, change, vanish, or are written to while they are read.</summary>
[Collection(PostgresTests.Name)]
public sealed class TroubleTests(PostgresServer server)
{
    [Fact]
    public async Task Chunks_read_in_parallel_agree_while_money_moves()
    {
        await using var lake = await IngestionLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync("CREATE TABLE accounts (id int PRIMARY KEY, balance bigint, filler text); INSERT INTO accounts SELECT i, 1000, repeat('x', 300) FROM generate_series(1, 60000) i");
        await lake.SyncAsync("public.accounts");
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 3).Select(n => Task.Run(() => TransferAsync(lake.Database, n, stop.Token))).ToArray();
        try
        {
            var run = await lake.SucceedAsync("src_accounts");
            Assert.Equal("one-moment", (string)run.Result!["consistency"]!);
            var detail = await lake.Lake.SendAsync(new GetSyncRun(run.Id));
            Assert.True(detail.Chunks.Count > 1, "The table has to be large enough for several chunks.");
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        Assert.Equal("60000|60000|60000000", (await lake.QueryAsync("SELECT count(*), count(DISTINCT id), sum(balance)::BIGINT FROM refined.src_accounts")).Single());
    }

    [Fact]
    public async Task A_table_that_is_gone_is_a_clear_failure_and_the_next_run_works()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("DROP TABLE t");

        var failed = await lake.RunAsync("src_t");
        Assert.Equal("ingestion.table-missing", failed.Error!.Code);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        await lake.SucceedAsync("src_t");

        Assert.Equal(["1"], await lake.QueryAsync("SELECT id FROM refined.src_t"));
    }

    [Fact]
    public async Task A_changed_type_is_promoted_held_or_rebuilt()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t VALUES (1, 2, 'three')");
        await lake.SyncAsync("public.t");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("ALTER TABLE t ALTER a TYPE bigint, ADD c text DEFAULT 'new', DROP b; UPDATE t SET a = 5000000000");
        await lake.SucceedAsync("src_t");
        Assert.Equal(["1|5000000000|∅|new"], await lake.QueryAsync("SELECT id, a, b, c FROM refined.src_t"));

        await lake.ExecuteAsync("ALTER TABLE t ALTER a TYPE text");
        var held = await lake.RunAsync("src_t");
        Assert.Equal("ingestion.column-type-changed", held.Error!.Code);
        Assert.Equal(["1|5000000000"], await lake.QueryAsync("SELECT id, a FROM refined.src_t"));

        await lake.SucceedAsync("src_t", "rebuild");
        Assert.Equal("string", await Canonical.TypeAsync(lake, "refined.src_t", "a"));
        Assert.Equal(["1|5000000000"], await lake.QueryAsync("SELECT id, a FROM refined.src_t"));
    }

    [Fact]
    public async Task Odd_names_clashing_names_and_log_names_all_arrive()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(""""
            CREATE SCHEMA "Odd Schema"; CREATE TABLE "Odd Schema"."My.Table" ("Id" int PRIMARY KEY, id int, "select" text, "with ""quote""" text, "_op" text, "ünï" int GENERATED ALWAYS AS ("Id" * 2) STORED);
            INSERT INTO "Odd Schema"."My.Table" VALUES (1, 2, 's', 'q', 'o')
            """");
        await lake.SyncAsync("'\"Odd Schema\".\"My.Table\"'");

        await lake.SucceedAsync("src_My_Table");

        Assert.Equal(["1|2|s|q|o|2"], await lake.QueryAsync("SELECT \"Id\", id__2, \"select\", \"with \"\"quote\"\"\", \"_op__2\", \"ünï\" FROM refined.\"src_My_Table\""));
    }

    [Fact]
    public async Task Tables_without_key_empty_ones_and_wide_ones_arrive_and_those_without_columns_say_so()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync($"CREATE TABLE nokey (v int); INSERT INTO nokey VALUES (1), (1), (NULL); CREATE TABLE empty (id int PRIMARY KEY); CREATE TABLE nothing (); CREATE TABLE wide ({string.Join(", ", Enumerable.Range(0, 1600).Select(i => $"c{i} int"))}); INSERT INTO wide (c0, c1599) VALUES (1, 2)");
        await lake.SyncAsync("\"public.*\"");
        foreach (var sync in (string[])["src_nokey", "src_empty", "src_wide"])
        {
            await lake.SucceedAsync(sync);
        }

        Assert.Equal("3", await lake.ScalarAsync("SELECT count(*) FROM refined.src_nokey"));
        Assert.Equal("0", await lake.ScalarAsync("SELECT count(*) FROM refined.src_empty"));
        Assert.Equal(["1|2|∅"], await lake.QueryAsync("SELECT c0, c1599, c800 FROM refined.src_wide"));
        Assert.Equal("ingestion.table-without-columns", (await lake.RunAsync("src_nothing")).Error!.Code);
    }

    [Fact]
    public async Task Partitions_and_inheritors_arrive_with_their_root()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE TABLE p (id int, d date, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
            CREATE TABLE p2 (v text, d date NOT NULL, id int NOT NULL); ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
            INSERT INTO p VALUES (1, '2024-01-10', 'a'), (2, '2024-02-10', 'b');
            CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (extra text) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 'x')
            """);
        var changes = await lake.SyncAsync("\"public.*\"");
        Assert.Equal(["source/src", "sync/src_child", "sync/src_p", "sync/src_parent"], changes.Select(c => $"{c.Kind}/{c.Name}"));
        await lake.SucceedAsync("src_p");
        await lake.SucceedAsync("src_parent");

        Assert.Equal(["1|2024-01-10|a", "2|2024-02-10|b"], await lake.QueryAsync("SELECT id, d::VARCHAR, v FROM refined.src_p ORDER BY id"));
        Assert.Equal(["1", "1"], await lake.QueryAsync("SELECT id FROM refined.src_parent"));
    }

    [Fact]
    public async Task A_text_of_a_hundred_megabytes_arrives()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, repeat('0123456789', 10000000)), (2, 'small')");
        await lake.SyncAsync("public.t");

        await lake.SucceedAsync("src_t");

        Assert.Equal(["1|100000000", "2|5"], await lake.QueryAsync("SELECT id, length(v) FROM refined.src_t ORDER BY id"));
    }

    private async Task TransferAsync(string database, int seed, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        await using var connection = new NpgsqlConnection(server.ConnectionString(database));
        await connection.OpenAsync(CancellationToken.None);
        while (!cancellationToken.IsCancellationRequested)
        {
            var (from, to) = (random.Next(1, 60001), random.Next(1, 60001));
            try
            {
                await using var command = new NpgsqlCommand($"BEGIN; UPDATE accounts SET balance = balance - 10 WHERE id = {from}; UPDATE accounts SET balance = balance + 10 WHERE id = {to}; COMMIT", connection);
                await command.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await rollback.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
    }
}
