using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Servers that end the sessions of a load, the one that holds its snapshot among them.</summary>
[Collection(PostgresTests.Name)]
public sealed class LostSnapshotTests(PostgresServer server)
{
    private const string Table = "CREATE TABLE t (id int PRIMARY KEY, v int, filler text) WITH (fillfactor = 70); INSERT INTO t SELECT i, 0, repeat('x', 300) || i FROM generate_series(1, 60000) i";

    [Theory]
    [InlineData("run", "several-moments")]
    [InlineData("table", "one-moment")]
    public async Task Ending_every_session_in_mid_load_starts_a_second_attempt_of_the_same_run(string consistency, string moments)
    {
        await using var lake = await StartAsync($"consistency: {consistency}");
        var runId = await lake.Lake.SendAsync(new RunSync("src_t"));
        await ReadAsync(lake, runId, chunks: 3);

        await EndSessionsAsync(lake);
        await lake.ExecuteAsync("DELETE FROM t WHERE id % 1000 = 7; UPDATE t SET v = 1 WHERE id % 3 = 0");
        var run = await lake.Lake.SendAsync(new AwaitSyncRun(runId));

        var log = string.Join('\n', (await lake.Runs.ReadLogAsync(runId, 0, 1000, CancellationToken.None)).Select(l => l.Message));
        Assert.True(run.State == RunState.Succeeded, $"{run.Error?.Message}\n{log}");
        Assert.Contains("held the load's snapshot was ended", log, StringComparison.Ordinal);
        Assert.Equal(2, (int)run.Result!["attempts"]!);
        Assert.Equal(moments, (string)run.Result!["consistency"]!);
        Assert.Equal(consistency == "run", (await lake.Lake.SendAsync(new GetSyncRun(runId))).Chunks.Any(c => c.State == "kept"));
        Assert.Equal(await Canonical.SourceAsync(lake, "public", "t"), await Canonical.LakeAsync(lake, "refined.src_t"));
    }

    [Fact]
    public async Task A_server_that_ends_them_again_and_again_is_given_up_and_the_next_run_continues()
    {
        await using var lake = await StartAsync("");
        var runId = await lake.Lake.SendAsync(new RunSync("src_t"));
        var awaiting = lake.Lake.SendAsync(new AwaitSyncRun(runId));
        while (!awaiting.IsCompleted)
        {
            await EndSessionsAsync(lake);
            await Task.WhenAny(awaiting, Task.Delay(20));
        }

        var failed = await awaiting;
        Assert.Equal(RunState.Failed, failed.State);
        Assert.Contains(failed.Error!.Code, (string[])["ingestion.snapshot-lost", "ingestion.source-unavailable"]);
        Assert.Contains("gave up after 4 attempts", failed.Error.Message, StringComparison.Ordinal);
        Assert.Contains("run the sync again", failed.Error.Hint, StringComparison.Ordinal);
        Assert.Equal("unreachable", (await lake.Lake.SendAsync(new ListSources())).Single().State);

        await lake.SucceedAsync("src_t");
        Assert.Equal(await Canonical.SourceAsync(lake, "public", "t"), await Canonical.LakeAsync(lake, "refined.src_t"));
    }

    private async Task<IngestionLake> StartAsync(string extra)
    {
        var lake = await IngestionLake.StartAsync(server, settings: IngestionLake.SmallChunks);
        await lake.ExecuteAsync(Table);
        await lake.SyncAsync("public.t", extra);
        return lake;
    }

    private static async Task ReadAsync(IngestionLake lake, string runId, int chunks)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await lake.Lake.SendAsync(new GetSyncRun(runId))).Chunks.Count(c => c.State == "done") < chunks)
        {
            await Task.Delay(2, limit.Token);
        }
    }

    private async Task EndSessionsAsync(IngestionLake lake)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{lake.Database}' AND application_name = 'lakeportal'", connection);
        await command.ExecuteScalarAsync();
    }
}
