using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Tests.Runs;

/// <summary>The same suite on both control databases.</summary>
public abstract class RunStoreTests : IAsyncLifetime
{
    private TestLake _lake = null!;

    private IRunStore Runs => _lake.Services.GetRequiredService<IRunStore>();

    protected abstract Task<string?> PostgresAsync();

    public async Task InitializeAsync() => _lake = await TestLake.StartAsync([], await PostgresAsync());

    public async Task DisposeAsync() => await _lake.DisposeAsync();

    [Fact]
    public async Task A_run_goes_from_queued_over_running_to_succeeded_and_keeps_its_result()
    {
        var run = await Runs.CreateAsync("sync", "shop_orders", "manual", "ann", null, default);
        Assert.Equal(RunState.Queued, run.State);
        Assert.Matches("^[0-9a-f]{32}$", run.Id);
        await Runs.StartAsync(run.Id, default);
        await Runs.FinishAsync(run.Id, RunState.Succeeded, null, new JsonObject { ["rows"] = 9007199254740993 }, default);

        var found = await Runs.FindAsync(run.Id, default);
        Assert.Equal(RunState.Succeeded, found!.State);
        Assert.Equal(9007199254740993, (long)found.Result!["rows"]!);
        Assert.True(found.QueuedAt <= found.StartedAt && found.StartedAt <= found.FinishedAt);
        Assert.Equal(TimeSpan.Zero, found.QueuedAt.Offset);
    }

    [Fact]
    public async Task A_finished_run_neither_starts_nor_finishes_again()
    {
        var run = await Runs.CreateAsync("sync", "s", "manual", "ann", null, default);
        await Runs.FinishAsync(run.Id, RunState.Cancelled, null, null, default);
        await Runs.FinishAsync(run.Id, RunState.Succeeded, null, null, default);
        Assert.Equal(RunState.Cancelled, (await Runs.FindAsync(run.Id, default))!.State);
        await Assert.ThrowsAsync<ConflictException>(() => Runs.StartAsync(run.Id, default));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => Runs.StartAsync("absent", default));
    }

    [Fact]
    public async Task Log_lines_are_numbered_without_gaps_and_read_in_pages()
    {
        var run = await Runs.CreateAsync("pipeline", "daily", "schedule", "system", null, default);
        for (var i = 1; i <= 25; i++)
        {
            Runs.Log(run.Id, RunLogLevel.Warning, i % 2 == 0 ? "orders" : null, $"line {i} with \0 and 🐟");
        }

        var first = await Runs.ReadLogAsync(run.Id, 0, 10, default);
        var rest = await Runs.ReadLogAsync(run.Id, first[^1].Sequence, 1000, default);
        Assert.Equal(Enumerable.Range(1, 25).Select(i => (long)i), first.Concat(rest).Select(l => l.Sequence));
        Assert.Equal("line 1 with \uFFFD and 🐟", first[0].Message);
        Assert.Equal("orders", first[1].Task);
        Assert.Equal(RunLogLevel.Warning, first[0].Level);
    }

    [Fact]
    public async Task A_log_goes_on_after_the_lines_of_an_earlier_process_and_of_another_portal()
    {
        var run = await Runs.CreateAsync("pipeline", "daily", "schedule", "system", null, default);
        using var earlier = ActivatorUtilities.CreateInstance<RunBuffer>(_lake.Services);
        earlier.Log(run.Id, RunLogLevel.Information, null, "one");
        await earlier.FlushAsync(default);
        Runs.Log(run.Id, RunLogLevel.Warning, null, "two");
        await Runs.FinishAsync(run.Id, RunState.Failed, null, null, default);

        // Both go on counting: the one that comes second finds its number taken and goes behind.
        earlier.Log(run.Id, RunLogLevel.Information, null, "three");
        await earlier.FlushAsync(default);
        Assert.Equal([(1, "one"), (2, "two"), (3, "three")], (await Runs.ReadLogAsync(run.Id, 0, 10, default)).Select(l => ((int)l.Sequence, l.Message)));
    }

    [Fact]
    public async Task The_last_progress_is_there_after_the_end()
    {
        var run = await Runs.CreateAsync("sync", "s", "manual", "ann", null, default);
        await Runs.StartAsync(run.Id, default);
        var progress = new RunProgress("reading", 12, null, false, 4096, 3.5);
        Runs.Report(run.Id, new RunProgress("starting", 0, null, false, 0, 0));
        Runs.Report(run.Id, progress);
        Assert.Equal(progress, (await Runs.FindAsync(run.Id, default))!.Progress);
        await Runs.FinishAsync(run.Id, RunState.Failed, new RunError("x.y", "why", "do this"), null, default);
        var found = await Runs.FindAsync(run.Id, default);
        Assert.Equal(progress, found!.Progress);
        Assert.Equal(new RunError("x.y", "why", "do this"), found.Error);
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_filtered_and_paged()
    {
        List<string> ids = [];
        foreach (var name in new[] { "a", "b", "a", "a" })
        {
            ids.Add((await Runs.CreateAsync("sync", name, "manual", "ann", null, default)).Id);
            await Task.Yield();
        }

        await Runs.StartAsync(ids[2], default);
        var all = await Runs.ListAsync(new RunFilter { Limit = 3 }, default);
        Assert.Equal(3, all.Count);
        var older = await Runs.ListAsync(new RunFilter { Before = all[^1].Id }, default);
        Assert.Equal(ids.Order(StringComparer.Ordinal).Reverse(), all.Concat(older).Select(r => r.Id));
        Assert.Equal(3, (await Runs.ListAsync(new RunFilter { Name = "a" }, default)).Count);
        Assert.Equal([ids[2]], (await Runs.ListAsync(new RunFilter { State = RunState.Running }, default)).Select(r => r.Id));
        Assert.Empty(await Runs.ListAsync(new RunFilter { Kind = "pipeline" }, default));
        Assert.Empty(await Runs.ListAsync(new RunFilter { Since = all[0].QueuedAt.AddHours(1) }, default));
    }

    [Fact]
    public async Task What_a_stopped_process_left_running_is_closed_as_interrupted_once()
    {
        var queued = await Runs.CreateAsync("sync", "a", "manual", "ann", null, default);
        var running = await Runs.CreateAsync("sync", "b", "manual", "ann", null, default);
        var done = await Runs.CreateAsync("sync", "c", "manual", "ann", null, default);
        await Runs.StartAsync(running.Id, default);
        await Runs.FinishAsync(done.Id, RunState.Succeeded, null, null, default);

        var closed = await Runs.CloseInterruptedAsync(default);
        Assert.Equal(new[] { queued.Id, running.Id }.Order(StringComparer.Ordinal), closed.Select(r => r.Id));
        Assert.All(closed, r => Assert.Equal("run.interrupted", r.Error!.Code));
        Assert.Empty(await Runs.CloseInterruptedAsync(default));
    }
}

public sealed class RunStoreOnSqliteTests : RunStoreTests
{
    protected override Task<string?> PostgresAsync() => Task.FromResult<string?>(null);
}

[Collection(PostgresCollection.Name)]
public sealed class RunStoreOnPostgresTests(PostgresServer server) : RunStoreTests
{
    protected override async Task<string?> PostgresAsync() => server.ConnectionString(await server.CreateDatabaseAsync());
}
