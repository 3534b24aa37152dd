using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.Offload;

/// <summary>Runs that end between the commit of raw and that of refined.</summary>
[Collection(PostgresTests.Name)]
public sealed class FinishedRefinedTests(PostgresServer server)
{
    [Fact]
    public async Task A_resumed_run_that_only_finishes_refined_tells_what_its_load_had_read_and_until_where()
    {
        var stop = new StopAfterCommit("raw.src_t");
        await using var lake = await IngestionLake.StartAsync(server, configure: s => s.AddSingleton<INotificationHandler<TableChanged>>(stop));
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 500)");
        await lake.SyncAsync("public.t");
        var runner = lake.Lake.Services.GetRequiredService<SyncRunner>();
        stop.Act = () => runner.FindActive("src_t")!.Stop.CancelAsync();
        var stopped = await lake.RunAsync("src_t");
        Assert.Equal(RunState.Cancelled, stopped.State);
        Assert.Equal("500|0", (await lake.QueryAsync("SELECT (SELECT count(*) FROM raw.src_t), (SELECT count(*) FROM refined.src_t)")).Single());
        var position = (await lake.Lake.SendAsync(new GetSyncRun(stopped.Id))).Position;

        // What comes after the load's moment is neither in the lake nor behind the position that the run names.
        await lake.ExecuteAsync("INSERT INTO t VALUES (501)");
        stop.Act = null;
        var resumed = await runner.AwaitAsync(await runner.StartAsync("src_t", null, "resume", null, CancellationToken.None), CancellationToken.None);

        Assert.Equal(RunState.Succeeded, resumed.State);
        Assert.Equal(500, (long)resumed.Result!["rows_read"]!);
        Assert.True((long)resumed.Result!["bytes_read"]! > 0);
        Assert.Equal(position, (string)resumed.Result!["position"]!);
        Assert.Equal("500", await lake.ScalarAsync("SELECT count(*) FROM refined.src_t"));
    }

    private sealed class StopAfterCommit(string table) : INotificationHandler<TableChanged>
    {
        public Func<Task>? Act { get; set; }

        public Task Handle(TableChanged notification, CancellationToken cancellationToken) =>
            notification.Table == table && Act is { } act ? act() : Task.CompletedTask;
    }
}
