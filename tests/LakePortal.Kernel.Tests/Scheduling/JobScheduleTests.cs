using System.Collections.Concurrent;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Scheduling;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Quartz;

namespace LakePortal.Kernel.Tests.Scheduling;

public sealed class CronScheduleTests
{
    [Fact]
    public void The_next_times_follow_the_zone_through_the_change_to_summer_time()
    {
        // tzdata: Europe/Berlin leaves UTC+1 for UTC+2 on 2026-03-29 at 02:00.
        var times = CronSchedule.Parse("0 30 8 * * ?", "Europe/Berlin").Next(new DateTimeOffset(2026, 3, 27, 12, 0, 0, TimeSpan.Zero), 3);
        Assert.Equal(["2026-03-28T07:30", "2026-03-29T06:30", "2026-03-30T06:30"], times.Select(t => t.UtcDateTime.ToString("yyyy-MM-ddTHH:mm", System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("0 0 2 * *", null, "0 0 0 2 * ?")]
    [InlineData("every day", null, "02:00 every day")]
    [InlineData("0 61 * * * ?", null, "02:00 every day")]
    [InlineData("0 0 2 * * ?", "Mars/Olympus", "Europe/Berlin")]
    public void What_is_no_schedule_is_refused_with_an_example(string cron, string? zone, string hint)
    {
        var error = Assert.Throws<InvalidInputException>(() => CronSchedule.Parse(cron, zone));
        Assert.Contains(hint, error.Hint, StringComparison.Ordinal);
        Assert.Equal("schedule", Assert.Single(error.Faults).Path);
    }
}

/// <summary>The same suite on both control databases, on Quartz's real store.</summary>
public abstract class JobScheduleTests : IAsyncLifetime
{
    private TestLake _lake = null!;

    internal sealed class Recorder
    {
        public ConcurrentQueue<(string Id, string? User, string? Via)> Fired { get; } = new();

        public TaskCompletionSource Any { get; } = new();
    }

    internal sealed class Recording(Recorder recorder, ICallerAccessor callers) : IScheduledJob
    {
        public Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken)
        {
            recorder.Fired.Enqueue((id, callers.Current?.User, callers.Current?.Via));
            recorder.Any.TrySetResult();
            return Task.CompletedTask;
        }
    }

    private IJobSchedule Schedule => _lake.Services.GetRequiredService<IJobSchedule>();

    protected abstract Task<string?> PostgresAsync();

    public async Task InitializeAsync() => _lake = await TestLake.StartAsync([], await PostgresAsync(), services =>
    {
        services.AddSingleton<Recorder>();
        services.AddScheduledJob<Recording>("test.record");
    });

    public async Task DisposeAsync()
    {
        await (await _lake.Services.GetRequiredService<ISchedulerFactory>().GetScheduler()).Shutdown(true);
        await _lake.DisposeAsync();
    }

    [Fact]
    public async Task A_schedule_is_set_replaced_paused_resumed_and_removed()
    {
        var nightly = CronSchedule.Parse("0 0 2 * * ?", "Europe/Berlin");
        await Schedule.SetAsync("test.record", "a/b ö", nightly, paused: false, default);
        var next = await Schedule.NextFireTimesAsync("test.record", "a/b ö", 5, default);
        Assert.Equal(nightly.Next(TimeProvider.System.GetUtcNow(), 5), next);

        await Schedule.SetAsync("test.record", "a/b ö", CronSchedule.Parse("0 0 3 * * ?", null), paused: false, default);
        Assert.Equal(3, (await Schedule.NextFireTimesAsync("test.record", "a/b ö", 1, default))[0].UtcDateTime.Hour);

        await Schedule.SetPausedAsync("test.record", "a/b ö", true, default);
        Assert.Empty(await Schedule.NextFireTimesAsync("test.record", "a/b ö", 5, default));
        await Schedule.SetPausedAsync("test.record", "a/b ö", false, default);
        Assert.Equal(3, (await Schedule.NextFireTimesAsync("test.record", "a/b ö", 1, default))[0].UtcDateTime.Hour);

        await Schedule.RemoveAsync("test.record", "a/b ö", default);
        Assert.Empty(await Schedule.NextFireTimesAsync("test.record", "a/b ö", 5, default));
        await Schedule.RemoveAsync("test.record", "a/b ö", default);
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => Schedule.SetPausedAsync("test.record", "a/b ö", true, default));
    }

    [Fact]
    public async Task A_job_fires_as_the_system_caller()
    {
        await Schedule.SetAsync("test.record", "seconds", CronSchedule.Parse("* * * * * ?", null), paused: false, default);
        await (await _lake.Services.GetRequiredService<ISchedulerFactory>().GetScheduler()).Start();
        var recorder = _lake.Services.GetRequiredService<Recorder>();
        await recorder.Any.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(("seconds", "system", "scheduler"), recorder.Fired.First());
    }
}

public sealed class JobScheduleOnSqliteTests : JobScheduleTests
{
    protected override Task<string?> PostgresAsync() => Task.FromResult<string?>(null);
}

[Collection(PostgresCollection.Name)]
public sealed class JobScheduleOnPostgresTests(PostgresServer server) : JobScheduleTests
{
    protected override async Task<string?> PostgresAsync() => server.ConnectionString(await server.CreateDatabaseAsync());
}
