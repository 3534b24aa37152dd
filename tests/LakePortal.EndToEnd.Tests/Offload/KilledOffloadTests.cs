using System.Globalization;
using System.Text.Json;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.EndToEnd.Tests.Support;
using Npgsql;
using Xunit.Abstractions;

namespace LakePortal.EndToEnd.Tests.Offload;

/// <summary>The process dies in the middle of a load; after the restart nothing is missing and nothing is double.</summary>
[Trait("Category", "Server")]
public sealed class KilledOffloadTests(ITestOutputHelper output)
{
    private const int Rows = 600_000;
    private const int Kills = 10;

    [Fact]
    public async Task Ten_kills_at_random_moments_lose_nothing_and_repeat_nothing()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.Postgres.ExecuteAsync(
            "postgres",
            $"""
            CREATE TABLE big AS
            SELECT i AS id, md5(i::text) AS digest, (i::bigint * 7919 % 1000003) / 100.0 AS amount, timestamptz '2026-01-01' + i * interval '1 second' AS made_at,
                   CASE WHEN i % 7 <> 0 THEN repeat('x', i % 50) END AS note
            FROM generate_series(1, {Rows}) i;
            ALTER TABLE big ADD PRIMARY KEY (id);
            ANALYZE big;
            """, CancellationToken.None);
        await lake.ApplyAsync(lake.SourceYaml("src", "postgres"));
        var expected = await SourceChecksumAsync(lake);
        var full = await MeasureAsync(lake, expected);
        var seed = Environment.TickCount;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, undisturbed {full.TotalMilliseconds:0} ms"));
        var moments = new Random(seed);
        for (var kill = 1; kill <= Kills; kill++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"big_{kill}");
            await ApplySyncAsync(lake, name);
            var runId = await SyncCommand.StartAsync(lake.Api, name, null, CancellationToken.None);
            var moment = full * moments.NextDouble() * 1.1;
            await Task.Delay(moment);
            await lake.KillPortalAsync();
            await lake.StartPortalAsync();
            await FinishAsync(lake, name, runId);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: killed after {moment.TotalMilliseconds:0} ms"));
            Assert.Equal(expected, await LakeChecksumAsync(lake, $"refined.{name}"));
            Assert.Equal(expected, await LakeChecksumAsync(lake, $"raw.{name}"));
        }
    }

    private static async Task<TimeSpan> MeasureAsync(TestLake lake, string expected)
    {
        await ApplySyncAsync(lake, "big_0");
        var started = TimeProvider.System.GetTimestamp();
        var run = await lake.RunSyncAsync("big_0");
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        Assert.True(RunWatcher.State(run) == "succeeded", run.GetRawText());
        Assert.Equal(expected, await LakeChecksumAsync(lake, "refined.big_0"));
        return elapsed;
    }

    private static Task<JsonElement> ApplySyncAsync(TestLake lake, string name) =>
        lake.ApplyAsync($"kind: sync\nsource: src\ntables: [public.big]\nname: {name}\nraw: raw.{name}\nrefined: refined.{name}\nmode: batch\n");

    /// <summary>The portal takes an interrupted run up again by itself; one that had ended before the kill stays as it is.</summary>
    private static async Task FinishAsync(TestLake lake, string name, string runId)
    {
        var run = await lake.Api.GetAsync($"/api/v1/runs/{runId}", CancellationToken.None);
        if (RunWatcher.State(run) == "succeeded")
        {
            return;
        }

        Assert.Equal("run.interrupted", run.GetProperty("error").GetProperty("code").GetString());
        var finished = await lake.RunSyncAsync(name);
        Assert.True(RunWatcher.State(finished) == "succeeded", finished.GetRawText());
    }

    private static async Task<string> SourceChecksumAsync(TestLake lake)
    {
        await using var connection = await lake.Postgres.OpenAsync("postgres", CancellationToken.None);
        await using var command = new NpgsqlCommand(
            """
            SELECT concat_ws('|', count(*), count(DISTINCT id), sum(id), sum(round(amount, 2)), sum((extract(epoch FROM made_at))::bigint), count(note), sum(length(note)),
              md5(string_agg(digest, '' ORDER BY id))) FROM big
            """, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static Task<string> LakeChecksumAsync(TestLake lake, string table) => lake.ScalarAsync(
        $"""
        SELECT concat_ws('|', count(*), count(DISTINCT id), sum(id), sum(round(CAST(amount AS DECIMAL(18, 4)), 2)::DECIMAL(18, 2)), sum(epoch_us(made_at) // 1000000), count(note), sum(length(note)),
          md5(string_agg(digest, '' ORDER BY id))) FROM {table}
        """);
}
