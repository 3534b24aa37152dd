using LakePortal.Kernel.Identity;

namespace LakePortal.Kernel.Scheduling;

/// <summary>
/// What a module runs by the clock. Registered with <c>services.AddScheduledJob&lt;T&gt;("ingestion.sync")</c>; made in a fresh scope for each
/// firing, with <see cref="Caller.System"/> as the caller. Two firings of the same job and id never overlap.
/// </summary>
public interface IScheduledJob
{
    /// <param name="id">The object the schedule belongs to: the only thing the scheduler stores.</param>
    /// <param name="scheduledAt">When it should have fired; earlier than now after a misfire.</param>
    /// <param name="cancellationToken">Cancelled when the process stops.</param>
    Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken);
}

/// <summary>Cron schedules, kept in the control database. Times missed while the process was down fire once, at start.</summary>
public interface IJobSchedule
{
    /// <summary>Makes or replaces the schedule of (<paramref name="job"/>, <paramref name="id"/>). An unchanged schedule keeps its next time.</summary>
    Task SetAsync(string job, string id, CronSchedule schedule, bool paused, CancellationToken cancellationToken);

    /// <summary>No effect when there is none.</summary>
    Task RemoveAsync(string job, string id, CancellationToken cancellationToken);

    /// <summary>Times missed while paused do not fire on resume.</summary>
    Task SetPausedAsync(string job, string id, bool paused, CancellationToken cancellationToken);

    /// <summary>Empty when there is no schedule or it is paused.</summary>
    Task<IReadOnlyList<DateTimeOffset>> NextFireTimesAsync(string job, string id, int count, CancellationToken cancellationToken);
}
