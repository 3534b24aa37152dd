using System.Globalization;
using LakePortal.Cli;
using LakePortal.EndToEnd.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace LakePortal.EndToEnd.Tests.Capture;

/// <summary>The process dies while it follows changes that go on; after the last restart nothing is missing and nothing is double.</summary>
[Trait("Category", "Server")]
public sealed class KilledCaptureTests(ITestOutputHelper output)
{
    private const int Kills = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Ten_kills_at_random_moments_under_a_writer_lose_nothing_and_repeat_nothing()
    {
        await using var lake = await TestLake.StartAsync(_ => new Dictionary<string, string> { ["Capture__ShortestCommitInterval"] = "00:00:00.100", ["Capture__HeartbeatInterval"] = "00:00:00.500" });
        await lake.Postgres.ExecuteAsync("postgres",
            """
            CREATE TABLE orders (id bigint PRIMARY KEY, state text NOT NULL, note text); ALTER TABLE orders ALTER note SET STORAGE EXTERNAL;
            INSERT INTO orders SELECT i, 'new', repeat(chr(65 + i % 26), 2500) FROM generate_series(1, 500) i;
            CREATE TABLE visits (page text, seconds int); ALTER TABLE visits REPLICA IDENTITY FULL; INSERT INTO visits SELECT 'p' || i % 5, i % 3 FROM generate_series(1, 50) i;
            CREATE SEQUENCE next START 1000;
            """, CancellationToken.None);
        await lake.ApplyAsync($"{lake.SourceYaml("src", "postgres")}\n---\nkind: sync\nsource: src\ntables: [public.orders, public.visits]\nmode: bootstrap+cdc\n");
        await EqualAsync(lake, "orders", "id, state, note");
        await EqualAsync(lake, "visits", "page, seconds");
        await lake.Postgres.ExecuteAsync("postgres", "SELECT pg_create_logical_replication_slot('oracle', 'test_decoding')", CancellationToken.None);

        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(lake, stop.Token);
        var seed = Environment.TickCount;
        var moments = new Random(seed);
        for (var kill = 1; kill <= Kills; kill++)
        {
            await Task.Delay(moments.Next(50, 2500), CancellationToken.None);
            await lake.KillPortalAsync();
            await lake.StartPortalAsync();
        }

        await stop.CancelAsync();
        var written = await writing;
        await EqualAsync(lake, "orders", "id, state, note");
        await EqualAsync(lake, "visits", "page, seconds");
        foreach (var table in new[] { "orders", "visits" })
        {
            var shown = (await AskAsync(lake,
                $"""
                SELECT (count(*) FILTER (WHERE data ~ ': (INSERT|DELETE):') + count(*) FILTER (WHERE data ~ ': UPDATE:') + count(*) FILTER (WHERE data ~ ': UPDATE: old-key:'))::text
                FROM pg_logical_slot_peek_changes('oracle', NULL, NULL) WHERE data ~ '^table public\.{table}: '
                """))[0];
            Assert.Equal($"{shown}|{shown}", await lake.ScalarAsync($"SELECT concat_ws('|', count(*), count(DISTINCT _position)) FROM raw.src_{table} WHERE _load_type = 'CDC'"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {Kills} kills, {written} transactions: {shown} changes of {table}, each once"));
        }
    }

    private static async Task<int> WriteAsync(TestLake lake, CancellationToken stop)
    {
        await using var connection = await lake.Postgres.OpenAsync("postgres", CancellationToken.None);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO orders SELECT nextval('next'), 'new', repeat(md5(random()::text), 80) FROM generate_series(1, 3);
            UPDATE orders SET state = 'paid ' || random() WHERE id IN (SELECT id FROM orders ORDER BY random() LIMIT 5);
            UPDATE orders SET id = nextval('next') WHERE id = (SELECT min(id) FROM orders);
            DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY random() LIMIT 2);
            INSERT INTO visits VALUES ('p1', 1), ('p1', 1); DELETE FROM visits WHERE ctid IN (SELECT ctid FROM visits ORDER BY random() LIMIT 1); UPDATE visits SET seconds = 9 WHERE ctid IN (SELECT ctid FROM visits LIMIT 1);
            SELECT pg_sleep(0.01)
            """, connection);
        var written = 0;
        for (; !stop.IsCancellationRequested; written++)
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }

        return written;
    }

    /// <summary>Value by value, once the lake has come so far.</summary>
    private static async Task EqualAsync(TestLake lake, string table, string columns)
    {
        var names = columns.Split(", ");
        var row = string.Join(" || '|' || ", names.Select(n => $"coalesce(CAST({n} AS text), '∅')"));
        var expected = (await AskAsync(lake, $"SELECT md5({row}) FROM {table}")).Order(StringComparer.Ordinal).ToList();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var found = await TryAsync(lake, $"SELECT md5({row}) FROM refined.src_{table}");
            if (found is not null && found.SequenceEqual(expected))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience,
                $"{table}: {expected.Except(found ?? []).Count()} rows are missing, {(found ?? []).Except(expected).Count()} are too many ({expected.Count} and {found?.Count} rows).\n{lake.Portal.LastLines()}");
            await Task.Delay(200);
        }
    }

    /// <returns>Null: the table is not there yet.</returns>
    private static async Task<List<string>?> TryAsync(TestLake lake, string sql)
    {
        try
        {
            return [.. (await lake.QueryAsync(sql)).Rows.Select(r => r[0].ToString()).Order(StringComparer.Ordinal)];
        }
        catch (CliException)
        {
            return null;
        }
    }

    private static async Task<List<string>> AskAsync(TestLake lake, string sql)
    {
        await using var connection = await lake.Postgres.OpenAsync("postgres", CancellationToken.None);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
