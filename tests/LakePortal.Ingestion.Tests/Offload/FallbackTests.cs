using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Changes that no row's version shows: an incremental load that overlooked them would be wrong for ever.</summary>
[Collection(PostgresTests.Name)]
public sealed class FallbackTests(PostgresServer server)
{
    private const string Plain = "CREATE TABLE t (id int PRIMARY KEY, email text, updated_at timestamp); INSERT INTO t VALUES (1, 'a@x', '2024-01-01'), (2, 'b@x', '2024-01-01')";

    private const string Partitioned = """
        CREATE TABLE t (id int PRIMARY KEY, email text, updated_at timestamp) PARTITION BY RANGE (id);
        CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (100); CREATE TABLE high PARTITION OF t FOR VALUES FROM (100) TO (200);
        CREATE TABLE other (id int NOT NULL, email text, updated_at timestamp); INSERT INTO other VALUES (250, 'old@x', '2020-01-01');
        INSERT INTO t VALUES (1, 'a@x', '2024-01-01'), (101, 'b@x', '2024-01-01')
        """;

    [Theory]
    [InlineData("a column that old rows got with a default", Plain, "ALTER TABLE t ADD COLUMN tier text DEFAULT 'basic'", "columns, or how")]
    [InlineData("a dropped column", Plain, "ALTER TABLE t DROP COLUMN email", "columns, or how")]
    [InlineData("a truncated table", Plain, "TRUNCATE t; INSERT INTO t VALUES (3, 'c@x', '2024-01-01')", "truncated or rewritten")]
    [InlineData("a rewritten table", Plain, "CLUSTER t USING t_pkey", "truncated or rewritten")]
    [InlineData("a partition with old rows that was attached", Partitioned, "ALTER TABLE t ATTACH PARTITION other FOR VALUES FROM (200) TO (300)", "a partition came or went")]
    [InlineData("a partition that was detached", Partitioned, "ALTER TABLE t DETACH PARTITION high", "a partition came or went")]
    [InlineData("a partition that was dropped", Partitioned, "DROP TABLE high", "a partition came or went")]
    [InlineData("a partition that was truncated", Partitioned, "TRUNCATE high", "a partition came or went")]
    public async Task The_table_is_loaded_in_full_after(string what, string create, string change, string note)
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(create);
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");
        Assert.Equal("incremental", (string)(await lake.SucceedAsync("src_t")).Result!["load"]!);

        await lake.ExecuteAsync(change);
        var run = await lake.SucceedAsync("src_t");

        Assert.True((string)run.Result!["load"]! == "full", what);
        Assert.Contains(await lake.Runs.ReadLogAsync(run.Id, 0, 100, CancellationToken.None), l => l.Message.Contains(note, StringComparison.Ordinal));
        var columns = string.Join(", ", create == Plain && change.Contains("DROP COLUMN", StringComparison.Ordinal) ? ["id", "updated_at"] : (string[])["id", "email"]);
        Assert.Equal(await SourceAsync(lake, columns), await lake.QueryAsync($"SELECT {columns.Replace("updated_at", "updated_at::VARCHAR", StringComparison.Ordinal)} FROM refined.src_t ORDER BY id"));
        Assert.Equal("incremental", (string)(await lake.SucceedAsync("src_t")).Result!["load"]!);
    }

    [Fact]
    public async Task Old_rows_have_the_default_of_a_column_that_was_added()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(Plain);
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");
        await lake.ExecuteAsync("ALTER TABLE t ADD COLUMN tier text DEFAULT 'basic'");

        await lake.SucceedAsync("src_t");

        Assert.Equal(["1|basic", "2|basic"], await lake.QueryAsync("SELECT id, tier FROM refined.src_t ORDER BY id"));
    }

    [Fact]
    public async Task A_column_that_is_hashed_from_now_on_is_hashed_in_old_rows_too()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(Plain);
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");
        await lake.SyncAsync("public.t", "cursor: updated_at\ncolumns: {hash: [email], hash_salt: \"${secret:pepper}\"}");

        var run = await lake.SucceedAsync("src_t");

        Assert.Equal("full", (string)run.Result!["load"]!);
        Assert.Equal("0", await lake.ScalarAsync("SELECT count(*) FROM refined.src_t WHERE email LIKE '%@x'"));
    }

    [Fact]
    public async Task A_column_that_is_left_out_from_now_on_is_empty_in_old_rows_too()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync(Plain);
        await lake.SyncAsync("public.t", "cursor: updated_at");
        await lake.SucceedAsync("src_t");
        await lake.SyncAsync("public.t", "cursor: updated_at\ncolumns: {exclude: [email]}");

        var run = await lake.SucceedAsync("src_t");

        Assert.Equal("full", (string)run.Result!["load"]!);
        Assert.Equal(["1|∅", "2|∅"], await lake.QueryAsync("SELECT id, email FROM refined.src_t ORDER BY id"));
    }

    private async Task<List<string>> SourceAsync(IngestionLake lake, string columns)
    {
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString(lake.Database));
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand($"SELECT concat_ws('|', {columns}) FROM t ORDER BY id", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
