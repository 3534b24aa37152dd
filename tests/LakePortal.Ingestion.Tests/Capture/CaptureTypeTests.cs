using LakePortal.Ingestion.Tests.Offload;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>Every type with its extreme values, once more through the log: same lake types and values as in a load.</summary>
[Collection(PostgresTests.Name)]
public sealed class CaptureTypeTests(PostgresServer server)
{
    private const string Types = "CREATE TYPE mood AS ENUM ('sad', 'very happy'); CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN amount AS numeric(7,2); CREATE TYPE pair AS (a int, b text)";

    [Fact]
    public async Task Values_from_the_log_are_what_the_source_prints()
    {
        var cases = TypeTests.Types.Select(row => ((string)row[0], (string[])row[1], (string)row[2])).Select((c, i) => (Table: $"t{i:00}", Type: c.Item1, Literals: c.Item2, LakeType: c.Item3)).ToList();
        await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Ingestion:ConcurrentRuns"] = "4" });
        await lake.ExecuteAsync(Types);
        string Rows(string type, string[] literals, int from) => string.Join(", ", literals.Select((l, i) => $"({from + i}, CAST({l} AS {type}))"));
        await lake.ExecuteAsync(string.Join("; ", cases.Select(c => $"CREATE TABLE {c.Table} (id int PRIMARY KEY, v {c.Type}); INSERT INTO {c.Table} VALUES (0, NULL), (1, NULL), {Rows(c.Type, c.Literals, 100)}")));
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
        foreach (var c in cases)
        {
            await lake.StreamingAsync($"src_{c.Table}", TimeSpan.FromSeconds(150));
        }

        await lake.ExecuteAsync(string.Join("; ", cases.Select(c => $"INSERT INTO {c.Table} VALUES {Rows(c.Type, c.Literals, 200)}; UPDATE {c.Table} SET v = CAST({c.Literals[^1]} AS {c.Type}) WHERE id = 1; UPDATE {c.Table} SET v = NULL WHERE id = 100; DELETE FROM {c.Table} WHERE id = 0")));

        await lake.CaughtUpAsync();
        foreach (var c in cases)
        {
            await lake.EqualAsync(c.Table);
            Assert.Equal((c.Type, c.LakeType), (c.Type, await Canonical.TypeAsync(lake.Lake, $"refined.src_{c.Table}", "v")));
            Assert.Equal((c.Type, $"{c.Literals.Length + 2}"), (c.Type, await lake.Lake.ScalarAsync($"SELECT count(*) FROM raw.src_{c.Table} WHERE _load_type = 'CDC' AND _op <> 'd'")));
        }
    }

    [Fact]
    public async Task A_value_that_a_typed_column_cannot_hold_is_a_dead_letter_and_other_rows_go_on()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, n numeric(9,2), d date, a int[]); INSERT INTO t VALUES (1, 1.5, '2024-01-01', '{1}')");
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");

        await lake.ExecuteAsync("INSERT INTO t VALUES (2, 'NaN', '2024-01-01', NULL), (3, 2.5, '2024-01-02', '{2}'); INSERT INTO t VALUES (4, 1, '0044-03-15 BC', NULL); INSERT INTO t VALUES (5, 1, '2024-01-01', '{{1,2},{3,4}}'); UPDATE t SET n = 9 WHERE id = 1");

        await lake.CaughtUpAsync();
        Assert.Equal(["1|9.00", "3|2.50"], await lake.Lake.QueryAsync("SELECT id, n::VARCHAR FROM refined.src_t ORDER BY id"));
        var letters = await lake.Lake.QueryAsync("SELECT op, reason, payload, position FROM raw.src_t__dead_letters ORDER BY position");
        Assert.Equal(3, letters.Count);
        Assert.Contains("NaN", letters[0], StringComparison.Ordinal);
        Assert.Contains("0044-03-15 BC", letters[1], StringComparison.Ordinal);
        Assert.Contains("several dimensions", letters[2], StringComparison.Ordinal);

        // Loaded once more, the columns become text and nothing is missing.
        await lake.BootstrapAsync("src_t");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("INSERT INTO t VALUES (6, 'NaN', 'infinity', '{{5}}')");
        await lake.CaughtUpAsync();
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task A_change_that_leaves_out_what_a_dead_letter_wrote_does_not_take_the_older_value()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE TABLE t (id int PRIMARY KEY, n numeric(9,2), big text, other text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL, ALTER other SET STORAGE EXTERNAL;
            INSERT INTO t SELECT i, 1, repeat('o', 3000), repeat('p', 3000) FROM generate_series(1, 6) i
            """);
        await lake.Lake.SyncAsync("public.t", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        const string Rows = "SELECT id, n::VARCHAR, big[:1], other[:1] FROM refined.src_t ORDER BY id";

        // In an earlier commit; in the same one; a dead letter that left the large values alone; a row that never came; one under another key.
        await lake.ExecuteAsync("UPDATE t SET n = 'NaN', big = repeat('x', 3000) WHERE id = 1");
        await lake.CaughtUpAsync();
        await lake.ExecuteAsync("""
            UPDATE t SET n = 2 WHERE id = 1; UPDATE t SET n = 'NaN', big = repeat('x', 3000) WHERE id = 2; UPDATE t SET n = 3 WHERE id = 2; UPDATE t SET n = 'NaN' WHERE id = 3; UPDATE t SET n = 4 WHERE id = 3;
            INSERT INTO t VALUES (7, 'NaN', repeat('x', 3000), NULL); UPDATE t SET n = 5 WHERE id = 7; UPDATE t SET id = 14, n = 'NaN', big = repeat('x', 3000) WHERE id = 4; UPDATE t SET n = 6 WHERE id = 14
            """);
        await lake.CaughtUpAsync();
        Assert.Equal(["1|1.00|o|p", "2|1.00|o|p", "3|4.00|o|p", "5|1.00|o|p", "6|1.00|o|p"], await lake.Lake.QueryAsync(Rows));
        var letters = await lake.Lake.QueryAsync("SELECT op, reason, payload FROM raw.src_t__dead_letters WHERE reason LIKE '%leaves out%' ORDER BY position");
        Assert.Equal(4, letters.Count);
        Assert.All(letters, l => Assert.True(l.Contains("leaves out big", StringComparison.Ordinal) && !l.Contains("\"big\"", StringComparison.Ordinal), l));

        // Once the row has come whole, it is followed again.
        await lake.ExecuteAsync("UPDATE t SET n = 7, big = repeat('y', 3000), other = repeat('z', 3000) WHERE id = 1; UPDATE t SET n = 8 WHERE id = 1");
        await lake.CaughtUpAsync();
        await lake.ExecuteAsync("UPDATE t SET n = 9 WHERE id = 1; UPDATE t SET n = 9, other = repeat('q', 3000) WHERE id = 2");
        await lake.CaughtUpAsync();
        Assert.Equal(["1|9.00|y|z", "2|1.00|o|p"], (await lake.Lake.QueryAsync(Rows)).Take(2));

        await lake.BootstrapAsync("src_t");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("UPDATE t SET n = 10");
        await lake.CaughtUpAsync();
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task Rows_without_a_key_are_still_found_when_a_column_of_theirs_is_dropped()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (a int, b text, c text, d text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t SELECT i % 4, 'b', 'c' || i, 'd' || i FROM generate_series(1, 20) i; CREATE TABLE k (a int PRIMARY KEY, b text); INSERT INTO k VALUES (1, 'b')");
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.StreamingAsync("src_k");
        await lake.ExecuteAsync("DELETE FROM t WHERE c = 'c1'; ALTER TABLE t DROP c; DELETE FROM t WHERE d IN ('d2', 'd3'); UPDATE t SET b = 'changed' WHERE d = 'd4'; INSERT INTO t VALUES (1, 'b', 'd5')");
        await lake.EqualAsync("t");
        await lake.ExecuteAsync("ALTER TABLE k DROP b; TRUNCATE k; INSERT INTO k VALUES (2)");
        await lake.EqualAsync("k");

        // From raw, after a pause.
        await lake.Lake.Lake.SendAsync(new Contracts.Syncs.SetSyncPaused("src_t", true));
        await lake.ExecuteAsync("DELETE FROM t WHERE d = 'd6'; ALTER TABLE t DROP d; UPDATE t SET a = 7 WHERE ctid IN (SELECT ctid FROM t LIMIT 1); DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE a = 2 LIMIT 2)");
        await lake.UntilAsync(async () => await lake.Lake.ScalarAsync("SELECT count(*) FROM raw.src_t WHERE _op = 'd'") == "8", "raw has the changes");
        await lake.Lake.Lake.SendAsync(new Contracts.Syncs.SetSyncPaused("src_t", false));
        await lake.EqualAsync("t");
    }

    [Fact]
    public async Task Two_neighbouring_columns_that_were_renamed_before_anybody_looked_keep_their_values()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text); INSERT INTO t SELECT i, 'a' || i, 'b' || i, 'c' || i FROM generate_series(1, 10) i; CREATE TABLE u (LIKE t INCLUDING ALL); INSERT INTO u SELECT * FROM t");
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.StreamingAsync("src_u");
        await lake.ExecuteAsync("""
            ALTER TABLE t RENAME b TO x; ALTER TABLE t RENAME c TO y; UPDATE t SET x = 'x' WHERE id = 1; ALTER TABLE t RENAME x TO b2; ALTER TABLE t RENAME y TO c2; UPDATE t SET c2 = 'c2' WHERE id = 2;
            ALTER TABLE u RENAME a TO v; ALTER TABLE u RENAME b TO w; ALTER TABLE u ADD d text; UPDATE u SET v = 'v', d = 'd' WHERE id = 1; ALTER TABLE u RENAME v TO a2; ALTER TABLE u DROP w; ALTER TABLE u RENAME d TO d2; UPDATE u SET d2 = 'd2' WHERE id = 2
            """);
        await lake.EqualAsync("t");
        await lake.EqualAsync("u");
    }

    [Fact]
    public async Task Odd_names_maps_generated_columns_and_columns_that_are_left_out_or_hashed()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE EXTENSION hstore; CREATE SCHEMA "Odd Schema";
            CREATE TABLE "Odd Schema"."Ta ""ble" ("Id" int PRIMARY KEY, "Sel ect" text, "ünï" text); INSERT INTO "Odd Schema"."Ta ""ble" VALUES (1, 'a', 'b');
            CREATE TABLE h (id int PRIMARY KEY, h hstore); INSERT INTO h VALUES (1, 'a=>1, b=>NULL');
            CREATE TABLE g (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, z text); INSERT INTO g VALUES (1, 5, DEFAULT, 'z');
            CREATE TABLE secret (id int PRIMARY KEY, email text, phone text, v text); INSERT INTO secret VALUES (1, 'a@b', '123', 'x')
            """);
        await lake.Lake.ApplyAsync(lake.Lake.SourceYaml(),
            "kind: sync\nsource: src\nname: odd\ntables: ['\"Odd Schema\".\"Ta \"\"ble\"']\nmode: bootstrap+cdc", "kind: sync\nsource: src\ntables: [public.h, public.g]\nmode: bootstrap+cdc",
            "kind: sync\nsource: src\ntables: [public.secret]\nmode: bootstrap+cdc\ncolumns: {exclude: [phone], hash: [email], hash_salt: \"${secret:pepper}\"}");
        foreach (var sync in new[] { "odd", "src_h", "src_g", "src_secret" })
        {
            await lake.StreamingAsync(sync);
        }

        await lake.ExecuteAsync("""
            INSERT INTO "Odd Schema"."Ta ""ble" VALUES (2, E'tab\tquote"', NULL); UPDATE "Odd Schema"."Ta ""ble" SET "Sel ect" = 'changed' WHERE "Id" = 1;
            INSERT INTO h VALUES (2, '"quo\"te"=>"x, y", n=>NULL'), (3, ''), (4, NULL); UPDATE g SET a = 7; INSERT INTO g VALUES (2, 8, DEFAULT, 'y');
            INSERT INTO secret VALUES (2, 'a@b', '456', 'y'); UPDATE secret SET v = 'z' WHERE id = 1
            """);

        await lake.CaughtUpAsync();
        Assert.Equal(await Canonical.SourceAsync(lake.Lake, "Odd Schema", "Ta \"ble"), await Canonical.LakeAsync(lake.Lake, "refined.odd"));
        Assert.Equal(["1|1|∅", "2|∅|x, y", "3|∅|∅", "4|∅|∅"], await lake.Lake.QueryAsync("SELECT id, h['a'], h['quo\"te'] FROM refined.src_h ORDER BY id"));
        Assert.Equal(["1|7|z", "2|8|y"], await lake.Lake.QueryAsync("SELECT * FROM refined.src_g ORDER BY id"));
        Assert.Contains(await lake.EventsAsync(), e => e.Contains("twice", StringComparison.Ordinal) && e.Contains("generated", StringComparison.Ordinal));
        Assert.Equal(["1|true|z", "2|true|y"], await lake.Lake.QueryAsync("SELECT id, email = (SELECT email FROM refined.src_secret WHERE id = 1) AND email NOT LIKE '%@%', v FROM refined.src_secret ORDER BY id"));
        Assert.Equal("0", await lake.Lake.ScalarAsync("SELECT count(*) FROM raw.src_secret WHERE email LIKE '%@%'"));
    }

    [Fact]
    public async Task A_partitioned_table_is_one_table_whatever_happens_to_its_partitions()
    {
        await using var lake = await CaptureLake.StartAsync(server);
        await lake.ExecuteAsync("""
            CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
            CREATE TABLE p3 (v text, id int NOT NULL); INSERT INTO p3 VALUES ('old', 250);
            INSERT INTO p VALUES (1, 'a'), (2, 'b'), (101, 'c')
            """);
        await lake.Lake.SyncAsync("public.p", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_p");

        await lake.ExecuteAsync("UPDATE p SET id = 150, v = 'moved' WHERE id = 1; INSERT INTO p VALUES (3, 'd'); DELETE FROM p WHERE id = 101");
        await lake.EqualAsync("p");
        await lake.ExecuteAsync("ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (200) TO (300)");
        await lake.EqualAsync("p");
        await lake.ExecuteAsync("INSERT INTO p VALUES (260, 'into the attached'); UPDATE p SET id = 270 WHERE id = 150");
        await lake.EqualAsync("p");
        await lake.ExecuteAsync("ALTER TABLE p DETACH PARTITION p1");
        await lake.EqualAsync("p");
        await lake.ExecuteAsync("TRUNCATE p3");
        await lake.EqualAsync("p");
        await lake.ExecuteAsync("TRUNCATE p; INSERT INTO p VALUES (110, 'after')");
        await lake.EqualAsync("p");
        Assert.Equal("110|after", await lake.Lake.ScalarAsync("SELECT id, v FROM refined.src_p"));
    }
}
