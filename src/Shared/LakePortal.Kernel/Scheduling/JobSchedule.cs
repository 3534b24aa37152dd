using LakePortal.Kernel.Errors;
using Quartz;

namespace LakePortal.Kernel.Scheduling;

/// <summary>A durable job per schedule; paused means that it has no trigger, so nothing can be missed meanwhile.</summary>
internal sealed class JobSchedule(ISchedulerFactory schedulers, TimeProvider clock) : IJobSchedule
{
    private const string Cron = "cron";
    private const string Zone = "zone";

    public async Task SetAsync(string job, string id, CronSchedule schedule, bool paused, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        var detail = JobBuilder.Create<ScheduledJobRunner>()
            .WithIdentity(new JobKey(id, job))
            .StoreDurably()
            .UsingJobData(Cron, schedule.Expression)
            .UsingJobData(Zone, schedule.TimeZone.Id)
            .Build();
        await scheduler.AddJob(detail, AddJobOptions.Replacing, cancellationToken);
        await SetTriggerAsync(scheduler, job, id, paused ? null : schedule, cancellationToken);
    }

    public async Task RemoveAsync(string job, string id, CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        await scheduler.DeleteJob(new JobKey(id, job), cancellationToken);
    }

    public async Task SetPausedAsync(string job, string id, bool paused, CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        var detail = await scheduler.GetJobDetail(new JobKey(id, job), cancellationToken)
            ?? throw new ObjectNotFoundException("schedule", $"{job}/{id}", "Apply the document that names it again.");
        var schedule = CronSchedule.Parse((string)detail.JobDataMap[Cron]!, (string)detail.JobDataMap[Zone]!);
        await SetTriggerAsync(scheduler, job, id, paused ? null : schedule, cancellationToken);
    }

    public async Task<IReadOnlyList<DateTimeOffset>> NextFireTimesAsync(string job, string id, int count, CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        if (await scheduler.GetTrigger(new TriggerKey(id, job), cancellationToken) is not ICronTrigger { NextFireTimeUtc: { } next } trigger)
        {
            return [];
        }

        var schedule = CronSchedule.Parse(trigger.CronExpressionString!, trigger.TimeZone.Id);
        return [next, .. schedule.Next(next, count - 1)];
    }

    private async Task SetTriggerAsync(IScheduler scheduler, string job, string id, CronSchedule? schedule, CancellationToken cancellationToken)
    {
        var key = new TriggerKey(id, job);
        if (schedule is null)
        {
            await scheduler.UnscheduleJob(key, cancellationToken);
            return;
        }

        if (await scheduler.GetTrigger(key, cancellationToken) is ICronTrigger same
            && same.CronExpressionString == schedule.Expression && same.TimeZone.Id == schedule.TimeZone.Id)
        {
            return;
        }

        if (schedule.Next(clock.GetUtcNow(), 1).Count == 0)
        {
            var message = $"'{schedule.Expression}' has no time left in the future.";
            throw new InvalidInputException(message, "Remove the year, or name a later one.", new InputFault("schedule", message));
        }

        var trigger = TriggerBuilder.Create(clock)
            .WithIdentity(key)
            .ForJob(new JobKey(id, job))
            .WithSchedule(CronScheduleBuilder.Create(new CronExpression(schedule.Expression, schedule.TimeZone))
                .WithMisfireInstruction(CronTriggerMisfireInstruction.FireAndProceed))
            .Build();
        await scheduler.ScheduleTrigger(trigger, TriggerConflict.Replace, cancellationToken);
    }
}
