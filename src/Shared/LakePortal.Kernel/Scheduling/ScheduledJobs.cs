using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quartz;

namespace LakePortal.Kernel.Scheduling;

public static class ScheduledJobs
{
    /// <summary>Names a job. The name is stored with every schedule, so that types may be renamed.</summary>
    public static IServiceCollection AddScheduledJob<TJob>(this IServiceCollection services, string job)
        where TJob : class, IScheduledJob
    {
        services.AddTransient<TJob>();
        services.AddSingleton(new ScheduledJobType(job, typeof(TJob)));
        return services;
    }
}

internal sealed record ScheduledJobType(string Job, Type Type);

/// <summary>The one type that Quartz knows; finds the module's job by the group of the key.</summary>
[DisallowConcurrentExecution]
internal sealed class ScheduledJobRunner(
    IServiceScopeFactory scopes, IEnumerable<ScheduledJobType> jobs, ICallerAccessor callers, ILogger<ScheduledJobRunner> logger) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var (job, id) = (context.JobDetail.Key.Group, context.JobDetail.Key.Name);
        var scheduledAt = context.ScheduledFireTimeUtc ?? context.FireTimeUtc;
        try
        {
            var type = jobs.FirstOrDefault(j => j.Job == job)?.Type
                ?? throw new InvalidOperationException($"No module registers the scheduled job '{job}'.");
            await using var scope = scopes.CreateAsyncScope();
            using var system = callers.Enter(Caller.System with { Via = "scheduler" });
            await ((IScheduledJob)scope.ServiceProvider.GetRequiredService(type)).ExecuteAsync(id, scheduledAt, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (LakePortalException error) when (error.Kind != ErrorKind.Internal)
        {
            // Logged here with our code; the schedule goes on.
            KernelLog.ScheduledJobFailed(logger, job, id, error.Code, error.Message, error.Hint);
        }
        catch (Exception error)
        {
            KernelLog.ScheduledJobFailedUnexpectedly(logger, error, job, id);
        }
    }
}
